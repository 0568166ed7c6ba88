/** Signs answers (RFC 9421). */
import { randomBytes } from 'node:crypto'
import type { Parameters } from 'structured-headers'
import {
  type Algorithm,
  algorithms,
  contentDigest,
  readComponents,
  SignatureFault,
  type SignedMessage,
  writeSignature,
} from '../../message-signatures/index.ts'
import {
  BodyTooLarge,
  definePlugin,
  type Exchange,
  type Refusal,
  refuse,
  schema as v,
} from '../../plugin/index.ts'
import { bodySizeOf, maxBodySize } from '../body-size.ts'
import { seldomLog } from '../seldom-log.ts'
import { count, flag, setting, text, texts } from '../settings.ts'
import { signatureKey, signingKey } from './signature-keys.ts'

const printable = v.pipe(text, v.regex(/^[\x20-\x7e]*$/, 'Invalid value: Expected printable ASCII'))

const config = v.looseObject({
  key: setting(signatureKey, null, 'Key that signs `{kind, secret_or_pem | cert_id}`'),
  algorithm: setting(v.picklist(algorithms), 'ed25519', 'Algorithm (RFC 9421, 3.3)'),
  keyid: setting(printable, '', 'Name of the key that is told'),
  signature_label: setting(
    v.pipe(text, v.regex(/^[a-z*][a-z\d_.*-]*$/, 'Invalid value: Expected a label in lower case')),
    'sig1',
    'Label of the signature',
  ),
  components: setting(
    texts,
    () => ['@status', 'content-type', 'content-digest'],
    'Components to sign; with `;req` they are those of the request',
  ),
  expires_in_seconds: v.pipe(
    v.optional(v.nullable(count), 300),
    v.description('Life of the signature, seconds; null for one without end'),
  ),
  include_created: setting(flag, true, 'Tell when it was made'),
  include_nonce: setting(flag, false, 'Add a nonce'),
  add_content_digest: setting(
    flag,
    true,
    'Compute `Content-Digest` (RFC 9530) when it is a component; buffers the body',
  ),
  content_digest_algorithm: setting(v.picklist(['sha-256', 'sha-512']), 'sha-256', 'sha-256 or sha-512'),
  tag: setting(printable, null, 'Application the signature is for'),
  max_body_size: maxBodySize,
})

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.HttpSignatureSignResponse',
  name: 'Add HTTP Message signature',
  description:
    'Signs answers of the backend (RFC 9421). An answer that lacks a component, or has no key to be signed with, goes out unsigned. Put it behind plugins that change the answer.',
  family: 'security',
  categories: ['Security'],
  steps: ['TransformResponse'],
  config,
  setup(settings, services) {
    if (settings.key === null) {
      services.log('warn', 'answers are not signed: there is no key')
      return {}
    }
    const key = signingKey(settings.key, settings.algorithm, services)
    const components = readComponents(settings.components)
    const limit = bodySizeOf(settings, services)
    const log = seldomLog(services)
    const digested =
      settings.add_content_digest &&
      components.some(({ name, parameters }) => name === 'content-digest' && !parameters.has('req'))
    const sign = (exchange: Exchange): void => {
      const secret = key()
      if (secret === null) throw new SignatureFault('the certificate has no key that can be used')
      const order = {
        label: settings.signature_label,
        components,
        parameters: parametersOf(settings),
        algorithm: settings.algorithm,
        key: secret,
      }
      const { input, signature } = writeSignature(order, messageOf(exchange))
      const { headers } = exchange.response
      if (headers.getAll('signature-input').some(field => field.includes(`${settings.signature_label}=`))) {
        // Two signatures of one label would be read as one.
        headers.delete('signature-input')
        headers.delete('signature')
      }
      headers.append('Signature-Input', input)
      headers.append('Signature', signature)
    }
    const signed = (exchange: Exchange): void => {
      try {
        sign(exchange)
      } catch (error) {
        if (!(error instanceof SignatureFault)) throw error
        log(`an answer is not signed: ${error.message}`)
      }
    }
    return {
      response(exchange) {
        const { body, headers } = exchange.response
        if (!digested || !hasContent(exchange)) {
          signed(exchange)
          return undefined
        }
        if (body.length > limit) {
          log(`an answer is not signed: its body has ${body.length} bytes`)
          return undefined
        }
        return body.read(limit).then(content => {
          headers.set('Content-Digest', contentDigest(content, settings.content_digest_algorithm))
          signed(exchange)
        }, tooLong)
      },
    }
  },
})

/** Too late to leave it unsigned: some of it was read. */
function tooLong(error: unknown): Refusal {
  if (error instanceof BodyTooLarge) return refuse('transform.response_too_large', { detail: error.message })
  throw error
}

/** Answers that have no content by what they are (RFC 9110, 6.4.1) have no digest of it either. */
function hasContent({ request, response }: Exchange): boolean {
  return request.method !== 'HEAD' && response.status !== 204 && response.status !== 304
}

function messageOf({ request, response }: Exchange): SignedMessage {
  const { method, protocol, host, target, headers } = request
  return {
    kind: 'response',
    status: response.status,
    headers: response.headers,
    request: { method, scheme: protocol, authority: host, target, headers },
  }
}

/** In the order in which they are written. */
function parametersOf(settings: v.InferOutput<typeof config>): Parameters {
  const now = Math.floor(Date.now() / 1000)
  const parameters: Parameters = new Map()
  if (settings.include_created) parameters.set('created', now)
  if (settings.expires_in_seconds !== null) parameters.set('expires', now + settings.expires_in_seconds)
  if (settings.keyid !== '') parameters.set('keyid', settings.keyid)
  parameters.set('alg', settings.algorithm satisfies Algorithm)
  if (settings.include_nonce) parameters.set('nonce', randomBytes(16).toString('base64url'))
  if (settings.tag !== null && settings.tag !== '') parameters.set('tag', settings.tag)
  return parameters
}
