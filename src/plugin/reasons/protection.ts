/** Of protections against attackers. */
import type { ReasonRows } from './rows.ts'

export const protection = {
  'ban.blocked': [
    403,
    'You cant access this resource.',
    'errors.fail2ban.blocked',
    'The client is on the list of blocked ones.',
  ],
  'ban.temporary': [
    403,
    'You cant access this resource for now.',
    'errors.fail2ban.banned',
    'The client failed too often and is banned for a while.',
  ],
  'attack.log4shell': [
    403,
    'Forbidden',
    'errors.attack.log4shell',
    'The request holds a look-up of Log4j that loads code. Status and body are those of the settings.',
  ],
  'attack.react2shell': [
    401,
    "You're not allowed here !",
    'errors.attack.react2shell',
    'The request looks like an attack on React Server Components.',
  ],
  'validator.refused': [
    403,
    'forbidden',
    'errors.failed.external.validation.pass',
    'The external validator did not let the request pass. Status and message are those of the settings.',
  ],
  'validator.failed': [
    403,
    'forbidden',
    'errors.failed.external.validation.error',
    'The external validator could not be asked, or answered something else than a verdict.',
  ],
} as const satisfies ReasonRows
