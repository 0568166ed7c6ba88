/** A body cannot be worked with: the request ends as the refusal says. */
import type { Refusal } from './answer.ts'

export class BodyFault extends Error {
  readonly refusal: Refusal

  constructor(refusal: Refusal) {
    super(refusal.detail ?? refusal.message)
    this.name = 'BodyFault'
    this.refusal = refusal
  }
}
