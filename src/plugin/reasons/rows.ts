/** Code → status, message, upstream's cause id, and when it happens, in one sentence, for the documentation. */
export type ReasonRows = Readonly<
  Record<string, readonly [status: number, message: string, cause: string, when: string]>
>

/** What clients are told when only the operator can mend it. */
export const wrong = 'Something went wrong, you should try later. Thanks for your understanding.'
