// Making elements. Text is always set as text, never as HTML.

type Child = Node | string | false | undefined | null | Child[]
type Listener = (event: Event) => void

const SVG = 'http://www.w3.org/2000/svg'

/** An HTML element: attributes by name (`true` sets an empty one, `false` and `undefined` none), `on...` for listeners. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Record<string, string | number | boolean | undefined | Listener> = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  return fill(document.createElement(tag), attributes, children)
}

/** An SVG element. */
export function svg<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Record<string, string | number | boolean | undefined> = {},
  ...children: Child[]
): SVGElementTagNameMap[Tag] {
  return fill(document.createElementNS(SVG, tag), attributes, children)
}

function fill<E extends Element>(
  element: E,
  attributes: Record<string, string | number | boolean | undefined | Listener>,
  children: Child[],
): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value)
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : String(value))
  }
  append(element, children)
  return element
}

function append(element: Element, children: Child[]) {
  for (const child of children) {
    if (Array.isArray(child)) append(element, child)
    else if (child !== undefined && child !== null && child !== false) element.append(child)
  }
}

let last = 0

/** An id that no other element has. */
export function freshId(): string {
  last += 1
  return `shoal-${last}`
}
