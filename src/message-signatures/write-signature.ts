/** Signs a message (RFC 9421, 3.1 and 4). */
import type { KeyObject } from 'node:crypto'
import { type InnerList, type Parameters, serializeDictionary } from 'structured-headers'
import { type Algorithm, signs } from './algorithm.ts'
import type { Component, SignedMessage } from './component-value.ts'
import { signatureBase } from './signature-base.ts'

export interface SignatureOrder {
  /** A key of a dictionary (RFC 9651, 3.2). */
  readonly label: string
  readonly components: readonly Component[]
  /** In the order in which they are written. */
  readonly parameters: Parameters
  readonly algorithm: Algorithm
  readonly key: KeyObject
}

/** Values of `Signature-Input` and `Signature`. Throws `SignatureFault` when a component is not there. */
export function writeSignature(
  order: SignatureOrder,
  message: SignedMessage,
): { readonly input: string; readonly signature: string } {
  const covered: InnerList = [
    order.components.map(({ name, parameters }) => [name, parameters]),
    order.parameters,
  ]
  const signed = signs(order.algorithm, order.key, signatureBase(covered, message))
  const bytes = new Uint8Array(signed).buffer
  return {
    input: serializeDictionary(new Map([[order.label, covered]])),
    signature: serializeDictionary(new Map([[order.label, [bytes, new Map()]]])),
  }
}
