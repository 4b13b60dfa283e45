-- Thirty days of habit: requests, objects and bytes of each actor, day by day.
SELECT coalesce("aws.cloudtrail.user_identity.session_context.session_issuer.arn",
    "aws.cloudtrail.user_identity.arn") AS who, date_trunc('day', "@timestamp") AS day,
  count(*) AS n, count(DISTINCT "aws.s3.object.key") AS objects, sum("source.bytes") AS bytes
FROM events
WHERE "event.dataset" = 'aws.cloudtrail'
  AND "@timestamp" >= $baseline_start AND "@timestamp" < $baseline_end
GROUP BY 1, 2
ORDER BY who NULLS LAST, day
