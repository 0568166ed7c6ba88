/** The whole gateway answers for some domains only. */
import { definePlugin, refuse } from '../../plugin/index.ts'
import { domainList, domainListSettings } from './domain-list.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.NgIncomingRequestValidatorAllowedDomainNames',
  name: 'Globally allowed domain names',
  description:
    'Refuses requests for any other domain than those of the list, before a route is looked for. Stands in the incoming request validators of the global configuration; the domain of the admin API belongs on the list.',
  family: 'access-control',
  categories: ['AccessControl'],
  steps: ['ValidateAccess'],
  config: domainListSettings('Domains that are served'),
  setup({ domains }) {
    if (domains === null) return {}
    const allowed = domainList(domains)
    return { incoming: ({ domain }) => (allowed(domain) ? undefined : refuse('domain_not_allowed')) }
  },
})
