// The search of the first page: places in a list, the best one on the map, its risks beside it.
const form = document.querySelector('.search')
const list = document.querySelector('.results')
const { map } = document.querySelector('.map')

form.addEventListener('submit', async event => {
  event.preventDefault()
  const query = new URLSearchParams({ q: form.elements.q.value, limit: '4' })
  const { features = [] } = await (await fetch(`/api/search?${query}`)).json()
  list.replaceChildren(...features.map(({ properties }) => item(properties.label, properties.kind)))
  if (features.length === 0) list.replaceChildren(item('Nothing found', 'try another spelling'))
  else await showBest(features[0].geometry.coordinates)
})

async function showBest([lon, lat]) {
  map.show(lon, lat)
  const { height, risks = [] } = await (await fetch(`/api/risks?${new URLSearchParams({ lon, lat })}`)).json()
  const named = risks.filter(({ level }) => level !== 'none').map(({ risk, level }) => `${risk} ${level}`)
  list.firstElementChild.lastElementChild.textContent = `${height} m · ${named.join(', ') || 'no risks'}`
}

function item(label, note) {
  const entry = document.createElement('li')
  const small = document.createElement('small')
  small.textContent = note
  entry.append(label, small)
  return entry
}

// A query in the address is searched at once.
const asked = new URLSearchParams(location.search).get('q')
if (asked) {
  form.elements.q.value = asked
  form.requestSubmit()
}
