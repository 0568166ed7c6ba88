/** What the JSON Schema plugins do with the body of one side. */
import { type Exchange, type PluginServices, schema as v, type Verdict } from '../../plugin/index.ts'
import { bareError } from '../bare-error.ts'
import { flag, setting, text } from '../settings.ts'
import type { BodySide } from './filter.ts'
import { type SchemaCheck, schemaCheck } from '../json-schema.ts'
import { unambiguous } from '../unambiguous.ts'
import { limitOf, maxBodySize, wholeRequest, wholeResponse } from './whole-body.ts'

export const validationSettings = v.looseObject({
  schema: setting(
    v.nullable(text),
    '{ "type": "object", "required": ["name"] }',
    'JSON schema as text; blank accepts everything',
  ),
  specification: setting(
    text,
    'https://json-schema.org/draft/2020-12/schema',
    'Id of its dialect: draft 6, 7, 2019-09 or 2020-12. A `$schema` in the schema comes first',
  ),
  fail_on_validation_error: setting(flag, true, 'Refuse; otherwise a warning goes to the log'),
  max_body_size: maxBodySize,
})

type Settings = v.InferOutput<typeof validationSettings>

/** The phase that validates; null when everything is accepted. Throws on a schema that cannot be used. */
export function validationPhase(
  config: Settings,
  side: BodySide,
  services: PluginServices,
): ((exchange: Exchange) => Promise<Verdict> | undefined) | null {
  if (config.schema === null || config.schema.trim() === '') return null
  const check = schemaCheck(config.schema, config.specification)
  const limit = limitOf(config, services)
  const work = async (exchange: Exchange): Promise<Verdict> => {
    const whole = await (side === 'request' ? wholeRequest : wholeResponse)(exchange, limit)
    if (whole === null) return undefined
    const faults = faultsOf(check, whole.text().text)
    if (faults.length === 0) return undefined
    if (config.fail_on_validation_error) return refused(side, faults)
    services.log('warn', `the ${side} body does not match the json schema: ${faults.join('; ')}`)
    return undefined
  }
  return exchange => {
    const { headers, body } = side === 'request' ? exchange.upstream : exchange.response
    const json = headers.get('content-type')?.toLowerCase().includes('json') === true
    return json && body.length !== 0 ? work(exchange) : undefined
  }
}

function faultsOf(check: SchemaCheck, text: string): readonly string[] {
  try {
    const faults = check(text)
    if (faults.length > 0 || unambiguous(text)) return faults
    return ['$: an object names a member twice']
  } catch (error) {
    if (error instanceof SyntaxError) return ['$: it is not JSON']
    if (error instanceof RangeError) return ['$: it is too deeply nested']
    throw error
  }
}

function refused(side: BodySide, faults: readonly string[]): Verdict {
  return side === 'request'
    ? bareError(422, 'schema.request_invalid', {
        error: 'request body does not match the json schema',
        validation_errors: faults,
      })
    : bareError(502, 'schema.response_invalid', {
        error: 'response body does not match the json schema',
        validation_errors: faults,
      })
}
