-- Object keys with a telling word, whatever their case.
SELECT event_time AS time, event_name AS action, identity_arn AS who, bucket, object_key
FROM read_parquet($parquet)
WHERE object_key ILIKE $word
ORDER BY event_time, event_id
