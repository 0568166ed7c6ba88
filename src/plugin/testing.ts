/**
 * Unit tests of plugins without a gateway: `runPlugin(definition, { config, request, backend })` answers what the client got
 * and what the backend got.
 *
 * Guarantees: headers, bodies, requests, error answers and expressions are the gateway's own. Not done: routing, connections,
 * retries, other plugins.
 */
export type { BodyInput, Fields, RequestInput } from './testing/fake-exchange.ts'
export { clientRequest, defaultTarget, routeView } from './testing/fake-exchange.ts'
export { authModule, fakeLogins, type FakeLoginsInput, userSession } from './testing/fake-logins.ts'
export {
  apikey,
  fakeBoard,
  headerNames,
  instanceServices,
  jwtServices,
  type LoggedLine,
  outgoingCalls,
  pluginServices,
} from './testing/fake-services.ts'
export {
  type BackendAnswer,
  type BackendCall,
  type PluginRun,
  type PluginRunInput,
  runPlugin,
  setUp,
} from './testing/run-plugin.ts'
