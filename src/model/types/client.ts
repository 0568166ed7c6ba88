import { schema as v } from '../../schema/index.ts'
import { absent, count, emptyJson, field, flag, number, text, texts } from './fields.ts'

/** An outgoing proxy; used only with a host and a port. */
export const proxySchema = v.looseObject({
  host: absent(v.nullable(text), 'Host'),
  port: absent(v.nullable(number), 'Port'),
  protocol: absent(v.nullable(text), 'http or https'),
  principal: absent(v.nullable(text), 'Login'),
  password: absent(v.nullable(text), 'Password'),
  nonProxyHosts: absent(v.nullable(texts), 'Hosts called directly'),
})

/** Timeouts of some paths; milliseconds. */
export const customTimeoutsSchema = v.looseObject({
  path: field(text, '*', 'Wildcard pattern of the path and query'),
  connection_timeout: field(count, 10000, 'To connect'),
  idle_timeout: field(count, 60000, 'Without any byte'),
  call_and_stream_timeout: field(count, 3600000, 'For the whole call, body included'),
  call_timeout: field(count, 30000, 'To the response head, one attempt'),
  global_timeout: field(count, 30000, 'To the response head, all attempts'),
})

/** How servers are called; durations in milliseconds. */
export const clientSettingsSchema = v.looseObject({
  retries: field(count, 1, 'Attempts in all: 1 means no retry'),
  max_errors: field(count, 20, 'Consecutive failures that open the circuit breaker'),
  retry_initial_delay: field(count, 50, 'Wait before the second attempt'),
  backoff_factor: field(number, 2, 'Growth of that wait per attempt'),
  call_timeout: field(count, 30000, 'To the response head, one attempt'),
  call_and_stream_timeout: field(count, 120000, 'For the whole call, body included'),
  connection_timeout: field(count, 10000, 'To connect'),
  idle_timeout: field(count, 60000, 'Without any byte'),
  global_timeout: field(count, 30000, 'To the response head, all attempts'),
  sample_interval: field(count, 2000, 'Rest of an open circuit breaker'),
  proxy: field(proxySchema, emptyJson, 'Outgoing proxy'),
  custom_timeouts: field(v.array(customTimeoutsSchema), () => [], 'Timeouts by path, first match'),
  cache_connection_settings: field(
    v.looseObject({
      enabled: field(flag, false, 'On or off'),
      queue_size: field(count, 2048, 'Waiting calls'),
    }),
    () => ({}),
    'Connection pool queue',
  ),
})
export type ClientSettings = v.InferOutput<typeof clientSettingsSchema>
