// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/report/three_d_view.h"

namespace foothold::report {

// Orbit view without any library: points are splatted into an image with a depth buffer, lines are
// drawn over it. The world's y axis points down.
std::string ThreeDScript() {
  return R"js(<script>
(() => {
  const bytes = s => Uint8Array.from(atob(s), c => c.charCodeAt(0));
  const decode = (s, data) => {
    const raw = new Int16Array(bytes(s).buffer), out = new Float32Array(raw.length);
    for (let i = 0; i < raw.length; ++i) out[i] = raw[i] * data.step + data.center[i % 3];
    return out;
  };
  const rotate = (q, v) => {
    const [w, x, y, z] = q;
    const t = [2 * (y * v[2] - z * v[1]), 2 * (z * v[0] - x * v[2]), 2 * (x * v[1] - y * v[0])];
    return [v[0] + w * t[0] + y * t[2] - z * t[1], v[1] + w * t[1] + z * t[0] - x * t[2],
            v[2] + w * t[2] + x * t[1] - y * t[0]];
  };

  class View {
    constructor(root) {
      this.root = root;
      this.canvas = root.querySelector('canvas');
      this.context = this.canvas.getContext('2d');
      this.slider = root.querySelector('input');
      this.output = root.querySelector('output');
      this.playButton = root.querySelector('.play');
      const data = this.data = JSON.parse(root.querySelector('script').textContent);
      this.points = decode(data.points.xyz, data);
      this.colors = bytes(data.points.rgb);
      this.path = decode(data.camera.xyz, data);
      for (const person of data.people) {
        person.xyz = decode(person.joints, data);
        person.entry = new Map(person.frames.map((frame, i) => [frame, i]));
      }
      this.slider.max = data.frames - 1;
      this.frame = this.data.best;
      this.slider.value = this.frame;
      this.reset();
      this.listen();
      new ResizeObserver(() => this.draw()).observe(this.canvas);
      matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.draw());
    }

    reset() {
      this.target = [...this.data.center];
      this.distance = this.data.radius * 2.1;
      const q = this.data.camera.wxyz.slice(0, 4), forward = rotate(q, [0, 0, 1]);
      this.yaw = Math.atan2(forward[0], forward[2]) - 0.45;
      this.pitch = 0.42;
      this.draw();
    }

    listen() {
      const pointers = new Map();
      let pinch = 0;
      this.canvas.addEventListener('pointerdown', e => {
        this.canvas.setPointerCapture(e.pointerId);
        pointers.set(e.pointerId, [e.clientX, e.clientY]);
        pinch = 0;
      });
      const up = e => { pointers.delete(e.pointerId); pinch = 0; };
      this.canvas.addEventListener('pointerup', up);
      this.canvas.addEventListener('pointercancel', up);
      this.canvas.addEventListener('pointermove', e => {
        const last = pointers.get(e.pointerId);
        if (!last) return;
        const dx = e.clientX - last[0], dy = e.clientY - last[1];
        pointers.set(e.pointerId, [e.clientX, e.clientY]);
        if (pointers.size > 1) {
          const [a, b] = [...pointers.values()], d = Math.hypot(a[0] - b[0], a[1] - b[1]);
          if (pinch) this.distance *= pinch / d;
          pinch = d;
          this.pan(dx / 2, dy / 2);
        } else if (e.shiftKey || e.buttons === 2) {
          this.pan(dx, dy);
        } else {
          this.yaw -= dx * 0.008;
          this.pitch = Math.max(-1.5, Math.min(1.5, this.pitch + dy * 0.008));
        }
        this.draw();
      });
      this.canvas.addEventListener('contextmenu', e => e.preventDefault());
      this.canvas.addEventListener('wheel', e => {
        e.preventDefault();
        this.distance *= Math.exp(e.deltaY * 0.001);
        this.draw();
      }, {passive: false});
      this.canvas.addEventListener('keydown', e => {
        const step = {ArrowLeft: -1, ArrowRight: 1}[e.key];
        if (step) { e.preventDefault(); this.show((this.frame + step + this.data.frames) % this.data.frames); }
      });
      this.slider.addEventListener('input', () => this.show(+this.slider.value));
      this.playButton.addEventListener('click', () => this.toggle());
      this.root.querySelector('.reset').addEventListener('click', () => this.reset());
    }

    pan(dx, dy) {
      const {right, down} = this.axes(), step = this.distance / this.canvas.clientHeight;
      for (let c = 0; c < 3; ++c) this.target[c] -= step * (dx * right[c] + dy * down[c]);
    }

    show(frame) {
      this.frame = frame;
      this.slider.value = frame;
      this.draw();
    }

    toggle() {
      if (this.timer) {
        clearInterval(this.timer);
        this.timer = 0;
      } else {
        this.timer = setInterval(() => this.show((this.frame + 1) % this.data.frames),
                                 1000 / Math.min(30, this.data.rate || 30));
      }
      this.playButton.innerHTML = this.timer ? '&#10073;&#10073;' : '&#9654;';
    }

    axes() {
      const cy = Math.cos(this.yaw), sy = Math.sin(this.yaw), cp = Math.cos(this.pitch), sp = Math.sin(this.pitch);
      return {right: [cy, 0, -sy], down: [-sy * sp, cp, -cy * sp], forward: [sy * cp, sp, cy * cp]};
    }

    // Screen position and depth of a point; depth <= 0 is behind the viewer.
    project(x, y, z) {
      const v = this.v, dx = x - v.eye[0], dy = y - v.eye[1], dz = z - v.eye[2];
      const depth = dx * v.forward[0] + dy * v.forward[1] + dz * v.forward[2];
      const s = v.focal / depth;
      return [v.cx + s * (dx * v.right[0] + dy * v.right[1] + dz * v.right[2]),
              v.cy + s * (dx * v.down[0] + dy * v.down[1] + dz * v.down[2]), depth];
    }

    draw() {
      const canvas = this.canvas, ratio = Math.min(2, devicePixelRatio || 1);
      const width = Math.round(canvas.clientWidth * ratio), height = Math.round(canvas.clientHeight * ratio);
      if (!width || !height) return;
      if (canvas.width !== width || canvas.height !== height) { canvas.width = width; canvas.height = height; }
      const axes = this.axes();
      const eye = this.target.map((t, c) => t - this.distance * axes.forward[c]);
      this.v = {...axes, eye, focal: height * 0.95, cx: width / 2, cy: height / 2, ratio};
      const style = getComputedStyle(this.root);
      this.ink = style.getPropertyValue('--ink').trim();
      this.drawPoints(width, height, style.getPropertyValue('--panel-rgb').split(',').map(Number));
      this.drawFloor(style.getPropertyValue('--line').trim());
      this.drawCamera();
      this.drawPeople();
      this.output.textContent = `frame ${this.frame} / ${this.data.frames - 1}`;
    }

    drawPoints(width, height, background) {
      const image = this.context.createImageData(width, height), pixels = new Uint32Array(image.data.buffer);
      pixels.fill((255 << 24) | (background[2] << 16) | (background[1] << 8) | background[0]);
      const nearest = new Float32Array(width * height).fill(Infinity);
      for (let i = 0; i < this.points.length; i += 3) {
        const [x, y, depth] = this.project(this.points[i], this.points[i + 1], this.points[i + 2]);
        if (!(depth > 0.05)) continue;
        const size = Math.max(1, Math.min(5, Math.round(0.02 * this.v.focal / depth + 0.5 * this.v.ratio)));
        const color = (255 << 24) | (this.colors[i + 2] << 16) | (this.colors[i + 1] << 8) | this.colors[i];
        const x0 = Math.round(x - size / 2), y0 = Math.round(y - size / 2);
        for (let py = Math.max(0, y0); py < Math.min(height, y0 + size); ++py) {
          for (let px = Math.max(0, x0); px < Math.min(width, x0 + size); ++px) {
            const at = py * width + px;
            if (depth < nearest[at]) { nearest[at] = depth; pixels[at] = color; }
          }
        }
      }
      this.context.putImageData(image, 0, 0);
    }

    line(points, color, width, alpha = 1) {
      const c = this.context;
      c.globalAlpha = alpha;
      c.strokeStyle = color;
      c.lineWidth = width * this.v.ratio;
      c.lineCap = c.lineJoin = 'round';
      c.beginPath();
      let pen = false;
      for (const p of points) {
        const [x, y, depth] = this.project(p[0], p[1], p[2]);
        if (depth > 0.05) { pen ? c.lineTo(x, y) : c.moveTo(x, y); pen = true; } else { pen = false; }
      }
      c.stroke();
      c.globalAlpha = 1;
    }

    drawFloor(color) {
      const floor = this.data.floor;
      if (floor === null) return;
      const n = Math.min(20, Math.ceil(this.data.radius)), x0 = Math.round(this.data.center[0]);
      const z0 = Math.round(this.data.center[2]);
      for (let i = -n; i <= n; ++i) {
        const along = [], across = [];
        for (let k = -n; k <= n; ++k) {
          along.push([x0 + i, floor, z0 + k]);
          across.push([x0 + k, floor, z0 + i]);
        }
        this.line(along, color, 1, 0.8);
        this.line(across, color, 1, 0.8);
      }
    }

    drawCamera() {
      const path = [], n = this.data.frames, q = this.data.camera.wxyz, [tx, ty] = this.data.camera.tan;
      for (let f = 0; f < n; ++f) path.push([...this.path.slice(3 * f, 3 * f + 3)]);
      this.line(path, this.ink, 2, 0.8);
      const f = this.frame, depth = Math.max(0.25, this.data.radius * 0.12), apex = path[f];
      const corners = [[-tx, -ty], [tx, -ty], [tx, ty], [-tx, ty]].map(([x, y]) => {
        const r = rotate(q.slice(4 * f, 4 * f + 4), [x * depth, y * depth, depth]);
        return r.map((value, c) => value + apex[c]);
      });
      for (const corner of corners) this.line([apex, corner], this.ink, 1.6);
      this.line([...corners, corners[0]], this.ink, 1.6);
    }

    drawPeople() {
      const parents = this.data.parents, drawn = [];
      for (const person of this.data.people) {
        const trail = person.frames.map((_, i) => [...person.xyz.slice(72 * i, 72 * i + 3)]);
        this.line(trail, person.color, 1.5, 0.45);
        const entry = person.entry.get(this.frame);
        if (entry === undefined) continue;
        const joints = parents.map((_, k) => [...person.xyz.slice(72 * entry + 3 * k, 72 * entry + 3 * k + 3)]);
        drawn.push({person, joints, depth: this.project(...joints[0])[2]});
      }
      drawn.sort((a, b) => b.depth - a.depth);
      for (const {person, joints, depth} of drawn) {
        if (depth < 0.05) continue;
        const unit = this.v.focal / depth / this.v.ratio;
        for (let k = 1; k < parents.length; ++k) {
          const torso = [3, 6, 9].includes(k), thick = torso ? 0.24 : k < 12 ? 0.12 : 0.08;
          this.line([joints[parents[k]], joints[k]], person.color, Math.max(1.5, thick * unit));
        }
        const [x, y] = this.project(...joints[15]), c = this.context;
        c.fillStyle = person.color;
        c.beginPath();
        c.arc(x, y - 0.06 * unit * this.v.ratio, Math.max(2, 0.11 * unit) * this.v.ratio, 0, 7);
        c.fill();
      }
    }
  }
  for (const root of document.querySelectorAll('.view3d')) new View(root);
})();
</script>
)js";
}

}  // namespace foothold::report
