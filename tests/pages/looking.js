// See LOOKING in browser.py.
const scrolls = element => ['auto', 'scroll', 'hidden'].includes(getComputedStyle(element).overflowX)
const around = (element, is) => { while (element && !is(element)) element = element.parentElement; return element }
const numbers = color => color.match(/[\d.]+/g).map(Number)
const light = ([r, g, b]) => [r, g, b].map(value => value / 255)
  .map(value => value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
  .reduce((sum, value, place) => sum + value * [0.2126, 0.7152, 0.0722][place], 0)
const contrast = (one, other) => { const [low, high] = [light(one), light(other)].sort((a, b) => a - b)
  return (high + 0.05) / (low + 0.05) }
const isFilled = element => { const color = numbers(getComputedStyle(element).backgroundColor)
  return color.length < 4 || color[3] > 0 }
const name = element => `${element.tagName} ${element.getAttribute('class') ?? ''}: ${element.textContent.slice(0, 40)}`
const seen = (box, window) => ({ top: box.top, bottom: box.bottom, height: box.height,
  left: Math.max(box.left, window?.left ?? box.left), right: Math.min(box.right, window?.right ?? box.right) })
function look(page, width) {
  for (const folded of page.querySelectorAll('details')) folded.open = true
  const found = { width: page.documentElement.scrollWidth, outside: [], over: [], faint: [], nameless: [] }
  for (const element of page.body.querySelectorAll('*')) {
    const box = element.getBoundingClientRect()
    if ((box.right > width + 1 || box.left < -1) && !around(element.parentElement, scrolls)) found.outside.push(name(element))
  }
  const texts = [], walker = page.createTreeWalker(page.body, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) {
    const node = walker.currentNode, parent = node.parentElement
    if (!node.data.trim() || parent.closest('math')) continue
    const range = page.createRange()
    range.selectNodeContents(node)
    const window = around(parent, scrolls)?.getBoundingClientRect()
    const boxes = [...range.getClientRects()].map(box => seen(box, window)).filter(box => box.right - box.left > 1)
    if (!boxes.length) continue
    for (const box of boxes) texts.push({ box, node })
    const style = getComputedStyle(parent)
    const ink = numbers(parent.closest('svg') ? style.fill : style.color)
    const paper = around(parent, isFilled)
    if (contrast(ink, paper ? numbers(getComputedStyle(paper).backgroundColor) : [255, 255, 255]) < 4.5) found.faint.push(name(parent))
  }
  for (let i = 0; i < texts.length; i++) for (let j = i + 1; j < texts.length; j++) {
    const [a, b] = [texts[i].box, texts[j].box]
    if (texts[i].node === texts[j].node) continue
    const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left)
    const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)
    if (wide > 1 && high > 0.4 * Math.min(a.height, b.height)) found.over.push(`${texts[i].node.data.slice(0, 30)} | ${texts[j].node.data.slice(0, 30)}`)
  }
  for (const element of page.querySelectorAll('img, svg[role=img]'))
    if (!(element.getAttribute('alt') || element.getAttribute('aria-label'))) found.nameless.push(name(element))
  return found
}
onload = () => {
  const found = [...document.querySelectorAll('iframe')].map(frame => look(frame.contentDocument, frame.clientWidth))
  document.title = JSON.stringify(found)
}
