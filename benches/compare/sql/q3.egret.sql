-- Top talkers: who took most, from where?
SELECT coalesce("aws.cloudtrail.user_identity.arn",
    "aws.cloudtrail.user_identity.session_context.session_issuer.arn") AS who,
  "source.address" AS source_address, count(*) AS n, sum("source.bytes") AS bytes
FROM events
WHERE "event.dataset" = 'aws.cloudtrail'
GROUP BY 1, 2
ORDER BY bytes DESC NULLS LAST, n DESC, who NULLS LAST, source_address NULLS LAST
LIMIT 50
