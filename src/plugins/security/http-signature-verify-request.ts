/** Verifies signatures of requests (RFC 9421). */
import {
  type Candidate,
  algorithms,
  digestFault,
  readCandidates,
  SignatureFault,
  signatureBase,
  verifies,
} from '../../message-signatures/index.ts'
import {
  attribute,
  type ClientRequest,
  definePlugin,
  type FullAnswer,
  type ReasonCode,
  schema as v,
} from '../../plugin/index.ts'
import { bareError } from '../bare-error.ts'
import { bodySizeOf, maxBodySize } from '../body-size.ts'
import { count, flag, setting, text, texts } from '../settings.ts'
import { replayGuard } from './replay-guard.ts'
import { type SignaturePolicy, signaturePolicy } from './signature-policy.ts'
import { signatureKey, type VerifyingKey, verifyingKey } from './signature-keys.ts'

/** Seconds a nonce is remembered for when signatures may be of any age. */
const UNLIMITED_MEMORY = 86_400

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.HttpSignatureVerifyRequest',
  name: 'Verify HTTP Message Signature',
  description:
    'Verifies the signature of a request (RFC 9421): what it covers, how old it is, that its nonce was not used before, and the digest of the body (RFC 9530) where that is signed. Requests without a signature pass unless `mandatory` is set.',
  family: 'security',
  categories: ['AccessControl'],
  steps: ['ValidateAccess', 'TransformRequest'],
  config: v.looseObject({
    keys: setting(
      v.array(signatureKey),
      () => [],
      'Keys `{kind, secret_or_pem | cert_id | url, keyid, alg}`',
    ),
    required_components: setting(
      texts,
      () => ['@method', '@target-uri'],
      'Components that must be signed, such as `content-digest` or `"@query-param";name="a"`',
    ),
    allowed_algorithms: setting(
      v.array(v.picklist(algorithms)),
      () => [...algorithms],
      'Algorithms that are accepted',
    ),
    require_keyid: setting(flag, true, 'A signature must name its key'),
    max_age_seconds: v.pipe(
      v.optional(v.nullable(count), 300),
      v.description('Greatest age of a signature, seconds; null for any'),
    ),
    clock_skew_seconds: setting(count, 30, 'Seconds that clocks may differ'),
    signature_label: setting(text, null, 'Only the signature of this label; any unless set'),
    mandatory: setting(flag, false, 'Refuse requests without a signature'),
    require_nonce: setting(
      flag,
      false,
      'A signature must have a nonce; one that has is good once in any case',
    ),
    max_body_size: maxBodySize,
  }),
  setup(config, services) {
    const keys = config.keys.map((settings, at) => {
      try {
        return verifyingKey(settings, services)
      } catch (error) {
        throw new Error(`keys.${at}: ${error instanceof Error ? error.message : String(error)}`)
      }
    })
    const policy: SignaturePolicy = {
      required: config.required_components,
      maxAge: config.max_age_seconds,
      skew: config.clock_skew_seconds,
      requireKeyid: config.require_keyid,
      requireNonce: config.require_nonce,
    }
    const policyFault = signaturePolicy(policy)
    const limit = bodySizeOf(config, services)
    const allowed = new Set<string>(config.allowed_algorithms)
    // A signature may come early by the skew, and stay good by it.
    const memory = policy.maxAge === null ? UNLIMITED_MEMORY : policy.maxAge + 2 * policy.skew + 1
    const isReplay = replayGuard(memory, services)
    const bodySigned = attribute<boolean>('signed-content-digest')

    const faultOf = async (
      candidate: Candidate,
      request: ClientRequest,
      now: number,
    ): Promise<string | null> => {
      const fault = policyFault(candidate, now)
      if (fault !== null) return fault
      const { alg, keyid, nonce } = candidate.parameters
      if (alg !== null && !allowed.has(alg)) return 'the algorithm is not accepted'
      const base = baseOf(candidate, request)
      for (const one of inOrder(keys, keyid)) {
        const found = await one.find(alg as VerifyingKey['alg'], keyid)
        if (found === null || !allowed.has(found.algorithm)) continue
        if (!verifies(found.algorithm, found.key, base, candidate.signature)) continue
        return nonce !== null && isReplay(`${keyid ?? ''} ${nonce}`) ? 'the nonce was used before' : null
      }
      return 'no candidate signature verified'
    }

    return {
      async access({ request, attributes }) {
        try {
          const all = readCandidates(request.headers)
          if (all.length === 0)
            return config.mandatory ? refused('signature.missing', 'there is no signature') : undefined
          const { signature_label: label } = config
          const candidates = label === null ? all : all.filter(one => one.label === label)
          if (candidates.length === 0)
            return refused('signature.malformed', 'no signature has the expected label')
          const now = Math.floor(Date.now() / 1000)
          let fault = ''
          for (const candidate of candidates) {
            const found = await faultOf(candidate, request, now)
            if (found === null) {
              attributes.set(
                bodySigned,
                candidate.covered[0].some(([name]) => name === 'content-digest'),
              )
              return undefined
            }
            fault = found
          }
          return refused('signature.invalid', fault)
        } catch (error) {
          if (error instanceof SignatureFault) return refused('signature.malformed', error.message)
          throw error
        }
      },
      async request({ request, upstream, attributes }) {
        if (attributes.get(bodySigned) !== true) return undefined
        const content = await upstream.body.read(limit)
        const fault = digestFault(request.headers.getAll('content-digest').join(', '), content)
        return fault === null ? undefined : refused('signature.invalid', fault)
      },
    }
  },
})

function baseOf({ covered }: Candidate, { method, protocol, host, target, headers }: ClientRequest): string {
  const request = { method, scheme: protocol, authority: host, target, headers }
  return signatureBase(covered, { kind: 'request', request })
}

/** Keys that declare the name first, then those that declare none. */
function inOrder(keys: readonly VerifyingKey[], keyid: string | null): readonly VerifyingKey[] {
  return [
    ...keys.filter(key => key.keyid !== null && key.keyid === keyid),
    ...keys.filter(key => key.keyid === null),
  ]
}

function refused(reason: ReasonCode, details: string): FullAnswer {
  const status = reason === 'signature.malformed' ? 400 : 401
  return bareError(status, reason, { error: 'invalid_http_signature', details })
}
