-- Top talkers: who took most, from where?
SELECT coalesce(identity_arn, issuer_arn) AS who, source_address, count(*) AS n, sum(bytes_out) AS bytes
FROM read_parquet($parquet)
GROUP BY 1, 2
ORDER BY bytes DESC NULLS LAST, n DESC, who NULLS LAST, source_address NULLS LAST
LIMIT 50
