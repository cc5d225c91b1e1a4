//! What only the DevTools protocol of Chromium tells: pictures, the accessibility tree, memory. Never waits, and never
//! decides what is right.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use crate::browser::Browser;

/// What the page holds of the browser's memory.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// Bytes of JavaScript's objects.
    pub heap: u64,
    /// Nodes of the document, also of what is no longer shown.
    pub nodes: u64,
    /// Listeners of events.
    pub listeners: u64,
}

impl Browser {
    /// A picture of the window, as PNG.
    #[track_caller]
    pub fn screenshot(&self) -> Vec<u8> {
        let told = self.devtools("Page.captureScreenshot", json!({ "captureBeyondViewport": false }));
        BASE64.decode(told["data"].as_str().expect("a picture")).expect("base64")
    }

    /// Moves the mouse to the upper left corner, where nothing minds it.
    pub fn mouse_away(&self) {
        self.devtools("Input.dispatchMouseEvent", json!({ "type": "mouseMoved", "x": 0, "y": 0 }));
    }

    /// The whole accessibility tree, node by node.
    #[track_caller]
    pub fn accessibility_tree(&self) -> Vec<Value> {
        self.devtools("Accessibility.enable", json!({}));
        let mut tree = self.devtools("Accessibility.getFullAXTree", json!({}));
        self.devtools("Accessibility.disable", json!({}));
        serde_json::from_value(tree["nodes"].take()).expect("nodes")
    }

    /// What the page holds, once everything it no longer needs is collected.
    pub fn memory(&self) -> Memory {
        self.devtools("Performance.enable", json!({}));
        // What is freed first may be what holds the rest.
        for _ in 0..3 {
            self.devtools("HeapProfiler.collectGarbage", json!({}));
        }
        let told = self.devtools("Performance.getMetrics", json!({}));
        let metric = |name: &str| {
            let metrics = told["metrics"].as_array().expect("metrics");
            let found = metrics.iter().find(|metric| metric["name"] == name);
            found.and_then(|metric| metric["value"].as_f64()).expect("a metric") as u64
        };
        Memory { heap: metric("JSHeapUsedSize"), nodes: metric("Nodes"), listeners: metric("JSEventListeners") }
    }
}
