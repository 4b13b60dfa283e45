-- Object keys with a telling word, whatever their case.
SELECT "@timestamp" AS time, "event.action" AS action, "aws.cloudtrail.user_identity.arn" AS who,
  "aws.s3.bucket.name" AS bucket, "aws.s3.object.key" AS object_key
FROM events
WHERE "event.dataset" = 'aws.cloudtrail' AND "aws.s3.object.key" ILIKE $word
ORDER BY "@timestamp", "event.id"
