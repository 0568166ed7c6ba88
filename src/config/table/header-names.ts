/** Names of the headers of the gateway's own protocol. */
import { type Setting, setting } from '../setting.ts'
import { headerName } from '../value-types.ts'

const header = (key: string, name: string, about: string): Setting<string> =>
  setting({ key: `otoroshi.headers.${key}`, type: headerName, default: name, about })

export const headerNames = {
  requestId: header('request.id', 'Otoroshi-Request-Id', 'id of the request'),
  requestTimestamp: header('request.timestamp', 'Otoroshi-Request-Timestamp', 'time of the request'),
  proxiedHost: header('response.proxyhost', 'Otoroshi-Proxied-Host', 'host the client asked for'),
  parentRequest: header('trace.parent', 'Otoroshi-Parent-Request', 'id of the request that caused this one'),
  vizFrom: header('trace.from', 'Otoroshi-Viz-From', 'id of the calling service'),
  vizFromLabel: header('trace.label', 'Otoroshi-Viz-From-Label', 'name of the calling service'),
  clientId: header('request.clientid', 'Otoroshi-Client-Id', 'client id of an API key'),
  clientSecret: header('request.clientsecret', 'Otoroshi-Client-Secret', 'client secret of an API key'),
  simpleApiClientId: header('request.simpleapiclientid', 'x-api-key', 'client id of an API key, alone'),
  authorization: header('request.authorization', 'Otoroshi-Authorization', 'API key as Basic credentials'),
  bearer: header('request.bearer', 'Otoroshi-Token', 'API key as bearer token'),
  error: header('response.error', 'Otoroshi-Error', 'marks an answer as an error of the gateway'),
  errorMessage: header('response.errormsg', 'Otoroshi-Error-Msg', 'message of the error'),
  errorCause: header('response.errorcause', 'Otoroshi-Error-Cause', 'id of the cause of the error'),
  proxyLatency: header('response.proxylatency', 'Otoroshi-Proxy-Latency', 'time spent in the gateway'),
  upstreamLatency: header('response.upstreamlatency', 'Otoroshi-Upstream-Latency', 'time of the backend'),
  dailyQuotas: header('response.dailyquota', 'Otoroshi-Daily-Calls-Remaining', 'calls left today'),
  monthlyQuotas: header('response.monthlyquota', 'Otoroshi-Monthly-Calls-Remaining', 'calls left this month'),
  state: header('comm.state', 'Otoroshi-State', 'challenge to the backend'),
  stateResponse: header('comm.stateresp', 'Otoroshi-State-Resp', 'answer of the backend to the challenge'),
  claim: header('comm.claim', 'Otoroshi-Claim', 'token that tells the backend about the consumer'),
}
