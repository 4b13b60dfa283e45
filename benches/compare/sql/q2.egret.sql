-- Everything that one access key did, every column, in order.
SELECT * FROM events
WHERE "event.dataset" = 'aws.cloudtrail'
  AND "aws.cloudtrail.user_identity.access_key_id" = $access_key
ORDER BY "@timestamp", "event.id"
