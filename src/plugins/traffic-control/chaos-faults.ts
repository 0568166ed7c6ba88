/** Faults that are injected into a share of the requests, in both spellings of their settings. */
import { type ChaosSettings, type PluginServices, schema as v } from '../../plugin/index.ts'
import { describeFaults, parse } from '../../schema/index.ts'
import { cleanFields } from '../field-value.ts'
import { answerStatus, count, noEntries, setting, text, textMap } from '../settings.ts'

/** Bytes of the longest padding. */
const MOST_PADDING = 64 * 1024 * 1024

const ratio = setting(v.pipe(v.number(), v.minValue(0), v.maxValue(1)), 0.2, 'Share of the requests, 0 to 1')
const bytes = v.nullish(v.pipe(count, v.maxValue(MOST_PADDING)))
const millis = v.pipe(count, v.maxValue(600_000))

export const largeFault = (which: 'Request' | 'Response') =>
  v.looseObject({
    ratio,
    [`additional${which}Size`]: v.pipe(bytes, v.description('Spaces behind the body, bytes')),
    [`additional_${which.toLowerCase()}_size`]: v.pipe(bytes, v.description('The same in another spelling')),
  })
export const latencyFault = v.looseObject({
  ratio,
  from: setting(millis, 0, 'Shortest wait, milliseconds'),
  to: setting(millis, 0, 'Longest wait, milliseconds'),
})
export const badResponsesFault = v.looseObject({
  ratio,
  responses: setting(
    v.array(
      v.looseObject({
        status: setting(answerStatus, 500, 'Status'),
        body: setting(text, 'error', 'Body'),
        headers: setting(textMap, noEntries, 'Fields'),
      }),
    ),
    (): { status: number; body: string; headers: Record<string, string> }[] => [],
    'Answers, taken in turn',
  ),
})

/** Settings of the plugin, and of the global configuration. */
const chaos = v.looseObject({
  large_request_fault: v.nullish(largeFault('Request'), null),
  large_response_fault: v.nullish(largeFault('Response'), null),
  latency_injection_fault: v.nullish(latencyFault, null),
  bad_responses_fault: v.nullish(badResponsesFault, null),
})

/** What is done to one request. */
export interface Harm {
  /** Milliseconds to wait. */
  readonly wait: number
  /** Spaces to put behind the bodies. */
  readonly requestPadding: number
  readonly responsePadding: number
  readonly answer: BadAnswer | null
}

export interface BadAnswer {
  readonly status: number
  readonly body: string
  readonly fields: ReadonlyArray<readonly [string, string]>
}

export type Harms = () => Harm

const globalNames = {
  large_request_fault: 'largeRequestFaultConfig',
  large_response_fault: 'largeResponseFaultConfig',
  latency_injection_fault: 'latencyInjectionFaultConfig',
  bad_responses_fault: 'badResponsesFaultConfig',
} as const

/** Compiles faults. Throws a sentence that names what is wrong with them. */
export function harmsOf(settings: ChaosSettings): Harms {
  const named = Object.entries(globalNames).map(([own, global]) => [
    own,
    settings[own] ?? settings[global] ?? null,
  ])
  const parsed = parse(chaos, Object.fromEntries(named))
  if (!parsed.ok) throw new Error(describeFaults(parsed.faults))
  const { latency_injection_fault: latency, bad_responses_fault: bad } = parsed.value
  const waits = chosen(latency?.ratio)
  const request = padding(parsed.value.large_request_fault, 'Request')
  const response = padding(parsed.value.large_response_fault, 'Response')
  const fails = chosen(bad?.ratio)
  const answers: BadAnswer[] = (bad?.responses ?? []).map(({ status, body, headers }) => ({
    status,
    body,
    fields: cleanFields(headers),
  }))
  if (answers.length === 0)
    answers.push({ status: 500, body: 'error', fields: [['Content-Type', 'text/plain']] })
  let turn = 0
  return () => ({
    wait: latency !== null && waits() ? between(latency.from, latency.to) : 0,
    requestPadding: request(),
    responsePadding: response(),
    answer: bad !== null && fails() ? answers[turn++ % answers.length]! : null,
  })
}

/** The faults of the global configuration, compiled once; null when they are none. */
export function globalHarms(
  services: Pick<PluginServices, 'log'>,
): (settings: ChaosSettings) => Harms | null {
  const known = new WeakMap<ChaosSettings, Harms | null>()
  return settings => {
    let harms = known.get(settings)
    if (harms !== undefined) return harms
    try {
      harms = harmsOf(settings)
    } catch (error) {
      services.log('warn', `the faults of the global configuration: ${(error as Error).message}`)
      harms = null
    }
    known.set(settings, harms)
    return harms
  }
}

function padding(
  fault: Readonly<Record<string, unknown>> | null,
  which: 'Request' | 'Response',
): () => number {
  if (fault === null) return () => 0
  const size = fault[`additional${which}Size`] ?? fault[`additional_${which.toLowerCase()}_size`]
  const isChosen = chosen(fault['ratio'] as number)
  return () => (typeof size === 'number' && isChosen() ? size : 0)
}

/** Chooses a share of its calls: exactly so many of each hundred, spread over them. */
function chosen(share: number | undefined): () => boolean {
  let number = 0
  return () => (number++ * 37) % 100 < (share ?? 0) * 100
}

function between(from: number, to: number): number {
  return from + Math.floor(Math.random() * (Math.max(from, to) - from + 1))
}
