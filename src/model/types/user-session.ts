import { schema as v } from '../../schema/index.ts'
import { emptyJson, field, identifier, json, number, optionalText, required } from './fields.ts'

const moment = v.nullable(number)

/** Who is logged in: first fields of a session. */
export const sessionUser = {
  randomId: required(identifier, 'Id of the session: whoever knows it, is in'),
  name: optionalText('Name of the user'),
  email: optionalText('Email of the user'),
  authConfigId: optionalText('Auth module the user came through'),
  profile: field(json, emptyJson, 'What the identity provider tells'),
  token: field(json, emptyJson, 'Tokens of the identity provider'),
}

/** Times of a session, epoch milliseconds. */
export const sessionTimes = {
  createdAt: field(moment, null, 'Login, epoch milliseconds'),
  expiredAt: field(moment, null, 'End, epoch milliseconds'),
  lastRefresh: field(moment, null, 'Last refresh of the tokens, epoch milliseconds'),
}
