/** Where a key stands in the rotation of its secret, and what is to be done next (reference, API keys, 8). */
import type { Apikey } from '../../model/kinds/apikey.ts'
import { isObject } from '../../model/types/shape.ts'

/** What the store keeps of a rotation beside the key. */
export interface RotationState {
  /** When the life of the secret in force began, epoch milliseconds. */
  readonly start: number
  /** The secret to come was announced. */
  readonly announced: boolean
}

/** Next thing to do with a key that rotates. */
export type RotationStep =
  /** Nothing before `due`, epoch milliseconds. */
  | { readonly action: 'wait'; readonly due: number }
  /** The rotation begins. */
  | { readonly action: 'begin'; readonly state: RotationState }
  /** The secret to come is made, unless it is there, and announced. */
  | { readonly action: 'announce'; readonly state: RotationState }
  /** The secret to come takes the place of the one in force. */
  | { readonly action: 'exchange'; readonly state: RotationState }

const HOUR = 3_600_000
/** Shortest life of a secret, milliseconds. */
const SHORTEST = 1_000

/** True for keys whose secret is changed by itself. */
export function rotates({ rotation }: Apikey): boolean {
  return rotation.enabled && rotation.rotationEvery > 0
}

/** When the secret in force is exchanged, epoch milliseconds. */
export function endOf(key: Apikey, { start }: RotationState): number {
  return start + lifeOf(key)
}

/** What is to be done at `now` with a key that rotates. `state` null: nothing is known of it. */
export function stepOf(key: Apikey, state: RotationState | null, now: number): RotationStep {
  // A start in the future is that of a clock which was wrong.
  if (state === null || state.start > now) return { action: 'begin', state: { start: now, announced: false } }
  const life = lifeOf(key)
  const end = state.start + life
  const grace = Math.min(life, Math.max(0, key.rotation.gracePeriod * HOUR))
  const offered = (key.rotation.nextSecret ?? '') !== ''
  if (now >= end) {
    if (offered || grace === 0) return { action: 'exchange', state: { start: now, announced: false } }
    // Nobody was given the secret to come, whatever the reason: it is offered for its time before it counts alone.
    return { action: 'announce', state: { start: now + grace - life, announced: true } }
  }
  if (grace === 0 || now < end - grace) return { action: 'wait', due: grace === 0 ? end : end - grace }
  if (offered && state.announced) return { action: 'wait', due: end }
  return { action: 'announce', state: { ...state, announced: true } }
}

function lifeOf({ rotation }: Apikey): number {
  return Math.max(SHORTEST, rotation.rotationEvery * HOUR)
}

/** Null for a text that is none: the rotation begins anew. */
export function readState(text: string | null): RotationState | null {
  if (text === null) return null
  try {
    const value: unknown = JSON.parse(text)
    if (!isObject(value) || !Number.isSafeInteger(value['start'])) return null
    return { start: Number(value['start']), announced: value['announced'] === true }
  } catch {
    return null
  }
}

/** Otoroshi's form; what it does not know it leaves alone. */
export function writeState({ start, announced }: RotationState): string {
  return JSON.stringify(announced ? { start, announced } : { start })
}
