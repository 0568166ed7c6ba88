/** The stages of a request in which plugins are asked one after the other, and how flow reports name them. */
export type Stage =
  | 'before'
  | 'preRoute'
  | 'access'
  | 'request'
  | 'lookup'
  | 'backend'
  | 'answered'
  | 'response'

export const taskOf: Readonly<Record<Stage, string>> = {
  before: 'call-before-request-callbacks',
  preRoute: 'call-pre-route-plugins',
  access: 'call-access-validator-plugins',
  request: 'transform-request',
  lookup: 'look-up-answer',
  backend: 'call-backend',
  answered: 'take-answer',
  response: 'transform-response',
}
