// A small map of tiles, in the manner of Leaflet: pan, zoom, towns that can be kept as favourites.
const SIZE = 256
const [LEAST, MOST] = [6, 12]

class IslandMap {
  constructor(element) {
    this.element = element
    this.tiles = element.dataset.tiles
    this.api = element.dataset.api
    this.status = element.nextElementSibling
    // As close as shows all of the island.
    this.zoom = element.clientWidth < 600 ? 7 : 8
    this.center = project(-20.05, 45, this.zoom)
    this.favourites = new Set()
    this.towns = new Map()
    this.layer = element.appendChild(document.createElement('div'))
    this.addButtons()
    this.listen()
    this.draw()
    this.readFavourites()
  }

  addButtons() {
    const box = this.element.appendChild(document.createElement('div'))
    box.className = 'zoom'
    for (const [sign, label, by] of [
      ['+', 'Zoom in', 1],
      ['−', 'Zoom out', -1],
    ]) {
      const button = box.appendChild(document.createElement('button'))
      button.textContent = sign
      button.setAttribute('aria-label', label)
      button.addEventListener('click', () => this.zoomBy(by))
    }
  }

  listen() {
    const { element } = this
    let last = null
    element.addEventListener('pointerdown', event => {
      if (event.target.closest('button')) return
      last = [event.clientX, event.clientY]
      element.setPointerCapture(event.pointerId)
    })
    element.addEventListener('pointermove', event => {
      if (last === null) return
      this.panBy(last[0] - event.clientX, last[1] - event.clientY)
      last = [event.clientX, event.clientY]
    })
    for (const end of ['pointerup', 'pointercancel']) element.addEventListener(end, () => (last = null))
    element.addEventListener('wheel', event => {
      event.preventDefault()
      this.zoomBy(event.deltaY < 0 ? 1 : -1)
    })
    const ways = { ArrowLeft: [-64, 0], ArrowRight: [64, 0], ArrowUp: [0, -64], ArrowDown: [0, 64] }
    element.addEventListener('keydown', event => {
      if (event.key in ways) this.panBy(...ways[event.key])
      else if (event.key === '+') this.zoomBy(1)
      else if (event.key === '-') this.zoomBy(-1)
      else return
      event.preventDefault()
    })
    new ResizeObserver(() => this.draw()).observe(element)
  }

  panBy(x, y) {
    this.center = [this.center[0] + x, this.center[1] + y]
    this.draw()
  }

  zoomBy(steps) {
    const zoom = Math.min(MOST, Math.max(LEAST, this.zoom + steps))
    const factor = 2 ** (zoom - this.zoom)
    this.center = this.center.map(value => value * factor)
    this.zoom = zoom
    this.draw()
  }

  /** Shows a place in the middle. */
  show(lon, lat) {
    this.zoom = 10
    this.center = project(lon, lat, this.zoom)
    this.draw()
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.element
    const [left, top] = [Math.round(this.center[0] - width / 2), Math.round(this.center[1] - height / 2)]
    const wanted = new Set()
    for (let x = Math.floor(left / SIZE); x * SIZE < left + width; x++)
      for (let y = Math.floor(top / SIZE); y * SIZE < top + height; y++) {
        const key = `${this.zoom}/${x}/${y}`
        wanted.add(key)
        place(this.image(key), x * SIZE - left, y * SIZE - top)
        this.placeTowns(key, left, top)
      }
    for (const child of [...this.layer.children]) if (!wanted.has(child.dataset.tile)) child.remove()
  }

  image(key) {
    const there = this.layer.querySelector(`img[data-tile="${key}"]`)
    if (there) return there
    const image = new Image()
    image.alt = ''
    image.dataset.tile = key
    image.src = `${this.tiles}/relief/${key}.png`
    return this.layer.insertBefore(image, this.layer.firstChild)
  }

  async placeTowns(key, left, top) {
    if (!this.towns.has(key)) {
      this.towns.set(key, [])
      const { features = [] } = await this.call(`${this.tiles}/towns/${key}.geojson`)
      this.towns.set(key, features)
      return this.draw()
    }
    for (const { id, geometry, properties } of this.towns.get(key)) {
      const [x, y] = project(...geometry.coordinates, this.zoom)
      place(this.button(key, id, properties.name), x - left, y - top)
    }
  }

  button(key, id, name) {
    const there = this.layer.querySelector(`button[data-town="${id}"][data-tile="${key}"]`)
    const button = there ?? this.layer.appendChild(document.createElement('button'))
    button.className = 'town'
    button.textContent = name
    button.dataset.town = id
    button.dataset.tile = key
    button.setAttribute('aria-pressed', String(this.favourites.has(id)))
    button.onclick = () => this.toggle(id)
    return button
  }

  async readFavourites() {
    const { favourites = [] } = await this.call(`${this.api}/favourites`)
    this.favourites = new Set(favourites)
    this.draw()
  }

  async toggle(id) {
    const wanted = new Set(this.favourites)
    if (!wanted.delete(id)) wanted.add(id)
    const answer = await this.call(`${this.api}/favourites`, {
      method: 'PUT',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ favourites: [...wanted] }),
    })
    if (answer.favourites === undefined) return
    this.favourites = new Set(answer.favourites)
    this.status.textContent = `Favourites kept: ${answer.favourites.length}`
    this.draw()
  }

  /** With the cookies of the other origin. What the browser refuses is told below the map. */
  async call(url, options = {}) {
    try {
      const response = await fetch(url, { credentials: 'include', ...options })
      return await response.json()
    } catch {
      this.status.textContent = `This site may not use the data of ${new URL(url, location.href).host}.`
      return {}
    }
  }
}

/** Pixels of the whole world at a zoom (Web Mercator). */
function project(lon, lat, zoom) {
  const across = SIZE * 2 ** zoom
  const sine = Math.sin((lat * Math.PI) / 180)
  return [((lon + 180) / 360) * across, (0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)) * across]
}

function place(element, x, y) {
  element.style.left = `${x}px`
  element.style.top = `${y}px`
}

for (const element of document.querySelectorAll('.map')) element.map = new IslandMap(element)
