-- Who read one bucket in three days, in order?
SELECT "@timestamp" AS time, "aws.cloudtrail.user_identity.arn" AS who,
  "aws.cloudtrail.user_identity.access_key_id" AS access_key, "source.address" AS source_address,
  "aws.s3.object.key" AS object_key, "source.bytes" AS bytes
FROM events
WHERE "event.dataset" = 'aws.cloudtrail' AND "event.action" = 'GetObject'
  AND "aws.s3.bucket.name" = $bucket
  AND "@timestamp" >= $window_start AND "@timestamp" < $window_end
ORDER BY "@timestamp", "event.id"
