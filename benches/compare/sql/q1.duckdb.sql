-- Who read one bucket in three days, in order?
SELECT event_time AS time, identity_arn AS who, access_key, source_address, object_key, bytes_out AS bytes
FROM read_parquet($parquet)
WHERE event_name = 'GetObject' AND bucket = $bucket
  AND event_time >= $window_start::TIMESTAMP AND event_time < $window_end::TIMESTAMP
ORDER BY event_time, event_id
