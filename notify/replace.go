package notify

// Replace puts other notifiers in the place of the present ones, by name, and
// never blocks. One whose name stays goes on with what it was doing and then
// uses the new settings, its backoff forgotten; one whose name is gone
// finishes the message it has in hand, and what was urgent then is logged as
// dropped unless the name is back by that time.
func (d *Dispatcher) Replace(notifiers []Notifier) {
	d.mu.Lock()
	defer d.mu.Unlock()
	before := d.workers
	d.workers = make(map[string]*worker, len(notifiers))
	d.order = d.order[:0]
	for _, n := range notifiers {
		name := n.Name()
		if _, twice := d.workers[name]; twice {
			continue
		}
		w, known := before[name]
		if known {
			w.use(n)
		} else {
			w = d.newcomer(n)
			d.begin(w)
		}
		d.workers[name] = w
		d.order = append(d.order, name)
	}
	for name, w := range before {
		if _, stays := d.workers[name]; !stays {
			d.leave(w)
		}
	}
}

// newcomer is a worker for n: where one of its name still finishes, that one's
// successor. The lock is held.
func (d *Dispatcher) newcomer(n Notifier) *worker {
	last, leaves := d.leaving[n.Name()]
	if !leaves {
		return newWorker(d.outbox, d.options, n)
	}
	delete(d.leaving, n.Name())
	return last.successor(n)
}

// begin starts w where the dispatcher runs. The lock is held.
func (d *Dispatcher) begin(w *worker) {
	if d.start == nil {
		return
	}
	w.started = true
	d.start(w)
}

// leave has w end, whose name is gone. The lock is held.
func (d *Dispatcher) leave(w *worker) {
	close(w.quit)
	if w.running() {
		d.leaving[w.name] = w
		return
	}
	w.dropUrgent()
}

// ended notes that w has. Nobody comes after one that left until now.
func (d *Dispatcher) ended(w *worker) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.leaving[w.name] == w {
		delete(d.leaving, w.name)
		w.dropUrgent()
	}
}
