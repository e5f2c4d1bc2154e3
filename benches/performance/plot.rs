//! Bars as SVG.

use std::{error::Error, path::Path};

use plotters::prelude::*;

use crate::load::Load;

const WIDTH: u32 = 720;
const ROW: u32 = 44;
const KITH: RGBColor = RGBColor(0x1f, 0x6f, 0xb4);
const BARE: RGBColor = RGBColor(0xc8, 0xcc, 0xd0);

/// Requests a second of one kind on each store and world, each over what a bare handler does with the same bytes.
pub fn rates(file: &Path, name: &str, bars: &[(String, &Load)]) -> Result<(), Box<dyn Error>> {
    let rows = u32::try_from(bars.len())?;
    let area = SVGBackend::new(file, (WIDTH, ROW * rows + 56)).into_drawing_area();
    area.fill(&WHITE)?;
    let text = |size: i32| TextStyle::from(("sans-serif", size)).color(&BLACK);
    area.draw_text(&format!("Requests a second: {name}"), &text(17), (12, 10))?;
    area.draw_text("blue: Kith; grey: a bare handler with the same bytes (log scale)", &text(12), (12, 32))?;
    let most = bars.iter().map(|(_, load)| load.bare_per_second.max(load.per_second)).fold(1.0, f64::max);
    // From 10 a second at the left to the most at the right.
    let (left, right) = (200.0, f64::from(WIDTH) - 120.0);
    #[expect(clippy::cast_possible_truncation, reason = "pixels")]
    let x =
        |rate: f64| (left + (right - left) * (rate.max(10.0) / 10.0).log10() / (most / 10.0).log10()) as i32;
    for (row, (label, load)) in (0i32..).zip(bars) {
        let y = 56 + row * i32::try_from(ROW)?;
        area.draw_text(label, &text(13), (12, y + 8))?;
        for (rate, top, height, color) in
            [(load.per_second, y, 16, KITH), (load.bare_per_second, y + 18, 10, BARE)]
        {
            area.draw(&Rectangle::new([(x(10.0), top), (x(rate), top + height)], color.filled()))?;
            area.draw_text(&format!("{rate:.0}"), &text(12), (x(rate) + 6, top))?;
        }
    }
    area.present()?;
    Ok(())
}
