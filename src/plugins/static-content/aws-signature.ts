/** Signatures of calls to AWS and what speaks its protocols (Signature Version 4), with the body, when there is one, known. */
import { createHmac, hash } from 'node:crypto'

export interface AwsKey {
  readonly access: string
  readonly secret: string
  readonly region: string
  readonly service: string
}

export interface UnsignedRequest {
  readonly method: string
  /** As it is sent: each byte outside of the unreserved ones escaped, no query. */
  readonly path: string
  /** Signed fields besides `x-amz-date` and `x-amz-content-sha256`: lower-case names, trimmed values. `host` is needed. */
  readonly fields: Readonly<Record<string, string>>
}

/** The fields that sign the request at a time (epoch milliseconds), with this body. */
export function signedFields(
  key: AwsKey,
  { method, path, fields }: UnsignedRequest,
  now: number,
  body: string | Uint8Array = '',
): [string, string][] {
  const digest = hash('sha256', body)
  const time = new Date(now).toISOString().replace(/[-:]|\.\d{3}/g, '')
  const scope = `${time.slice(0, 8)}/${key.region}/${key.service}/aws4_request`
  const all: Record<string, string> = { ...fields, 'x-amz-content-sha256': digest, 'x-amz-date': time }
  const names = Object.keys(all).sort()
  const signed = names.join(';')
  const canonical = [method, path, '', ...names.map(name => `${name}:${all[name]}`), '', signed, digest].join(
    '\n',
  )
  const toSign = ['AWS4-HMAC-SHA256', time, scope, hash('sha256', canonical)].join('\n')
  const signature = createHmac('sha256', signingKey(key, time.slice(0, 8)))
    .update(toSign)
    .digest('hex')
  return [
    ['X-Amz-Date', time],
    ['X-Amz-Content-Sha256', digest],
    [
      'Authorization',
      `AWS4-HMAC-SHA256 Credential=${key.access}/${scope}, SignedHeaders=${signed}, Signature=${signature}`,
    ],
  ]
}

/** Escapes a path as signatures want it. */
export function awsPath(segments: readonly string[]): string {
  const escaped = (text: string): string =>
    encodeURIComponent(text).replace(/[!'()*]/g, c => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
  return `/${segments.map(escaped).join('/')}`
}

function signingKey({ secret, region, service }: AwsKey, day: string): Buffer {
  let key: Buffer = Buffer.from(`AWS4${secret}`)
  for (const part of [day, region, service, 'aws4_request'])
    key = createHmac('sha256', key).update(part).digest()
  return key
}
