-- What one access key did in three days, in order.
SELECT "@timestamp" AS time, "event.action" AS action, "event.provider" AS service,
  "aws.cloudtrail.user_identity.arn" AS who, "source.address" AS source_address,
  "event.outcome" AS outcome
FROM events
WHERE "event.dataset" = 'aws.cloudtrail'
  AND "aws.cloudtrail.user_identity.access_key_id" = $access_key
  AND "@timestamp" >= $window_start AND "@timestamp" < $window_end
ORDER BY "@timestamp", "event.id"
