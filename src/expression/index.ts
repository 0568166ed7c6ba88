/**
 * The expression language (`${req.path}`): texts compiled once, evaluated per request.
 *
 * Guarantees: evaluation never throws; a value taken from the request is inserted as it is and never evaluated, so a
 * client cannot reach what it names; what is added to a text is bounded; patterns inside expressions run in linear
 * time; nothing outside the context is reachable unless the settings give it. Not guaranteed: that a result is fit for where it
 * goes (a field value, a URL): whoever uses it there makes it so.
 */
export {
  type CompiledExpression,
  compileExpression,
  isConstant,
  isMissing,
  namesVault,
  partsOf,
  valueOrNone,
} from './compile.ts'
export {
  EmptyContext,
  type ExpressionApikey,
  type ExpressionContext,
  type ExpressionRequest,
  type ExpressionRoute,
  type ExpressionSettings,
  type ExpressionToken,
  type ExpressionUser,
  type Named,
} from './context.ts'
export { type DateFormat, dateFormat, isoDate, parseIsoDate } from './date-format.ts'
export { at, textOf } from './json.ts'
export { compileValidator, type JsonValidator, PathFault } from './json-validator.ts'
export {
  flaggedRegex,
  type GuardedRegex,
  guardedRegex,
  patternTest,
  UnsupportedPattern,
} from './regex/index.ts'
export { distinguishedName } from './rules/client-certificate.ts'
export { wildcard } from './wildcard.ts'
