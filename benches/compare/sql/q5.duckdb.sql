-- Thirty days of habit: requests, objects and bytes of each actor, day by day.
SELECT coalesce(issuer_arn, identity_arn) AS who, date_trunc('day', event_time) AS day,
  count(*) AS n, count(DISTINCT object_key) AS objects, sum(bytes_out) AS bytes
FROM read_parquet($parquet)
WHERE event_time >= $baseline_start::TIMESTAMP AND event_time < $baseline_end::TIMESTAMP
GROUP BY 1, 2
ORDER BY who NULLS LAST, day
