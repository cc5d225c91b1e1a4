//! Prints a picture as a draw.io file, everything where it stands on the page: zones that hold their groups, groups, and arrows
//! that stay at both when these are moved. No text of the user's but through one escaping function.

use super::svg::{self, Theme, colour, dashes};
use super::{Arrow, Diagram, Rect};
use crate::catalog::Encryption;

/// Paper is light.
const THEME: Theme = Theme::LIGHT;
const TEXT: &str = "text;html=0;align=left;verticalAlign=middle;fontSize=11;";
const SHAPE: &str = "rounded=1;arcSize=8;absoluteArcSize=1;html=0;whiteSpace=wrap;align=left;verticalAlign=top;spacingLeft=8;\
     spacingTop=4;fontSize=11;";
const ARROW: &str = "edgeStyle=orthogonalEdgeStyle;rounded=0;html=0;endArrow=block;endFill=1;fontSize=11;";

/// The file.
pub fn drawio(diagram: &Diagram) -> String {
    let mut out = [
        "<mxfile><diagram id=\"flows\" name=\"Allowed flows\"><mxGraphModel grid=\"1\" gridSize=\"8\" page=\"0\">",
        "<root><mxCell id=\"0\"/><mxCell id=\"1\" parent=\"0\"/>\n",
    ]
    .concat();
    let text = [TEXT, "fontColor=", THEME.soft, ";"].concat();
    let paint = |fill, stroke, font| format!("{SHAPE}fillColor={fill};strokeColor={stroke};fontColor={font};");
    let zones = ["container=1;collapsible=0;", &paint(THEME.sunken, THEME.line, THEME.soft)].concat();
    let groups = paint(THEME.surface, THEME.edge, THEME.ink);
    // The title stands above the picture, and tells all of it to whoever points at it.
    let above = Rect { x: 8, y: -32, width: diagram.width, height: 24 };
    out += &["<UserObject id=\"title\" label=\"", &quoted(&diagram.title), "\" tooltip=\""].concat();
    out += &[&quoted(&diagram.description), "\">", &cell("", "", &text, "1", above), "</UserObject>\n"].concat();
    for zone in &diagram.zones {
        out += &cell(zone.zone, &quoted(&zone.label.text), &zones, "1", zone.rect);
        for group in diagram.within(zone) {
            let lines: Vec<String> = group.lines().into_iter().map(quoted).collect();
            let Rect { x, y, .. } = group.rect;
            let rect = Rect { x: x - zone.rect.x, y: y - zone.rect.y, ..group.rect };
            out += &cell(&group.id(), &lines.join("&#10;"), &groups, zone.zone, rect);
        }
    }
    for (at, arrow) in diagram.arrows.iter().enumerate() {
        out += &edge(diagram, at, arrow);
    }
    for (at, key) in diagram.legend.iter().enumerate() {
        let Rect { x, y, height, .. } = key.label.rect;
        if let Some(encryption) = key.encryption {
            let ends = [("sourcePoint", x - 40), ("targetPoint", x - 8)];
            let ends = ends.map(|(name, x)| format!("<mxPoint x=\"{x}\" y=\"{}\" as=\"{name}\"/>", y + height / 2));
            out += &format!("<mxCell id=\"s{at}\" style=\"{}\" edge=\"1\" parent=\"1\">", style(encryption));
            out +=
                &["<mxGeometry relative=\"1\" as=\"geometry\">", &ends.concat(), "</mxGeometry></mxCell>\n"].concat();
        }
        out += &cell(&format!("k{at}"), &quoted(&key.label.text), &text, "1", key.label.rect);
    }
    out + "</root></mxGraphModel></diagram></mxfile>\n"
}

/// A shape, its place counted from that of its parent. Without an id and a label where something around it has them.
fn cell(id: &str, label: &str, style: &str, parent: &str, rect: Rect) -> String {
    let own = if id.is_empty() { String::new() } else { format!(" id=\"{id}\" value=\"{label}\"") };
    let Rect { x, y, width, height } = rect;
    format!(
        "<mxCell{own} style=\"{style}\" vertex=\"1\" parent=\"{parent}\"><mxGeometry x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" as=\"geometry\"/></mxCell>\n"
    )
}

/// A connector that leaves and reaches its boxes where it does on the page, and takes the same way.
fn edge(diagram: &Diagram, at: usize, arrow: &Arrow) -> String {
    let [.., before, tip] = arrow.points[..] else { return String::new() };
    let (first, from, to) = (arrow.points[0], arrow.initiator, arrow.responder);
    let rect = |id| diagram.boxes.iter().find(|drawn| drawn.groups.contains(&id)).map(|drawn| drawn.rect);
    let (Some(start), Some(end)) = (rect(from), rect(to)) else { return String::new() };
    let mut out =
        format!("<mxCell id=\"a{at}\" value=\"{}\" style=\"{}", quoted(&arrow.says()), style(arrow.encryption));
    for (name, rect, point) in [("exit", start, first), ("entry", end, tip)] {
        let (x, y) = (u8::from(point.x == rect.right()), thousandths(point.y - rect.y, rect.height));
        out += &format!("{name}X={x};{name}Y={y};{name}Dx=0;{name}Dy=0;");
    }
    // The label keeps its distance from the tip: 1 is the tip, -1 the other end.
    let length: i32 =
        arrow.points.windows(2).map(|ends| (ends[0].x - ends[1].x).abs() + (ends[0].y - ends[1].y).abs()).sum();
    let label = arrow.label.rect;
    let away = (label.x + label.width / 2 - tip.x).abs().min((before.x - tip.x).abs());
    let place = thousandths(length - 2 * away, length);
    out += &format!("\" edge=\"1\" parent=\"1\" source=\"g{}\" target=\"g{}\">", from.0, to.0);
    out += &format!("<mxGeometry x=\"{place}\" relative=\"1\" as=\"geometry\"><Array as=\"points\">");
    for point in &arrow.points[1..arrow.points.len() - 1] {
        out += &format!("<mxPoint x=\"{}\" y=\"{}\"/>", point.x, point.y);
    }
    out + "</Array></mxGeometry></mxCell>\n"
}

/// A part of a whole as a decimal fraction.
fn thousandths(part: i32, whole: i32) -> String {
    let parts = 1000 * part / whole.max(1);
    format!("{}{}.{:03}", if parts < 0 { "-" } else { "" }, parts.abs() / 1000, parts.abs() % 1000)
}

/// How a line is drawn.
fn style(encryption: Encryption) -> String {
    let colour = colour(&THEME, encryption);
    let dashes = match dashes(encryption) {
        "" => String::new(),
        pattern => ["dashed=1;dashPattern=", pattern, ";"].concat(),
    };
    format!("{ARROW}strokeColor={colour};fontColor={colour};labelBackgroundColor={};{dashes}", THEME.surface)
}

/// Text in an attribute, where an end of line is a sign of its own.
fn quoted(text: &str) -> String {
    svg::escape(text).replace('\n', "&#10;")
}
