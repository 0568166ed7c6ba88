// Checks the signature of a request to the bucket (AWS Signature Version 4), as a server of objects does.
import { createHmac, hash, timingSafeEqual } from 'node:crypto'

const FORM =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/
/** Milliseconds that clocks may differ. */
const LEEWAY = 15 * 60_000

/** Is the request signed with this key, now, and for this host? */
export function isSigned({ method, url, headers }, { access, secret }) {
  const [, id, day, region, names, signature] = FORM.exec(headers.authorization ?? '') ?? []
  const time = headers['x-amz-date'] ?? ''
  if (id !== access || !time.startsWith(day) || !`;${names};`.includes(';host;')) return false
  const at = Date.parse(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
  if (!(Math.abs(Date.now() - at) < LEEWAY)) return false
  const [path, query = ''] = url.split('?')
  const fields = names.split(';').map(name => `${name}:${headers[name] ?? ''}`)
  const digest = headers['x-amz-content-sha256'] ?? 'UNSIGNED-PAYLOAD'
  const canonical = [method, path, query, ...fields, '', names, digest].join('\n')
  const text = ['AWS4-HMAC-SHA256', time, `${day}/${region}/s3/aws4_request`, hash('sha256', canonical)].join(
    '\n',
  )
  const hmac = (key, part) => createHmac('sha256', key).update(part).digest()
  const key = [day, region, 's3', 'aws4_request'].reduce(hmac, `AWS4${secret}`)
  return timingSafeEqual(hmac(key, text), Buffer.from(signature, 'hex'))
}
