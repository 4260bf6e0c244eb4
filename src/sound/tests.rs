//! Files of every kind that people upload, and files that are none.

use std::f32::consts::PI;
use std::io::Cursor;

use hound::{SampleFormat, WavSpec, WavWriter};

use super::*;

const SECONDS: u32 = 2;

fn sample(index: u32, rate: u32) -> f32 {
    0.4 * (2.0 * PI * 440.0 * index as f32 / rate as f32).sin()
}

fn wav(rate: u32, channels: u16, bits: u16, format: SampleFormat) -> Vec<u8> {
    let spec = WavSpec { channels, sample_rate: rate, bits_per_sample: bits, sample_format: format };
    let mut file = Cursor::new(Vec::new());
    let mut writer = WavWriter::new(&mut file, spec).unwrap();
    for index in 0..rate * SECONDS {
        for _ in 0..channels {
            match format {
                SampleFormat::Float => writer.write_sample(sample(index, rate)).unwrap(),
                SampleFormat::Int => {
                    let full = 2_f32.powi(i32::from(bits) - 1) - 1.0;
                    writer.write_sample((sample(index, rate) * full) as i32).unwrap();
                }
            }
        }
    }
    writer.finalize().unwrap();
    file.into_inner()
}

/// Ogg Opus of one channel, as `opusenc` writes it.
fn ogg_opus() -> Vec<u8> {
    use ogg::{PacketWriteEndInfo, PacketWriter};
    let mut encoder =
        ::opus::Encoder::new(48_000, ::opus::Channels::Mono, ::opus::Application::Audio).unwrap();
    let mut pages = PacketWriter::new(Vec::new());
    let mut head = b"OpusHead\x01\x01".to_vec();
    head.extend(312_u16.to_le_bytes());
    head.extend(48_000_u32.to_le_bytes());
    head.extend([0, 0, 0]);
    pages.write_packet(head, 1, PacketWriteEndInfo::EndPage, 0).unwrap();
    let mut tags = b"OpusTags".to_vec();
    tags.extend([0; 8]);
    pages.write_packet(tags, 1, PacketWriteEndInfo::EndPage, 0).unwrap();
    let packets = SECONDS * 50;
    for packet in 0..packets {
        let samples: Vec<f32> = (0..960).map(|index| sample(packet * 960 + index, 48_000)).collect();
        let mut bytes = [0; 4_000];
        let length = encoder.encode_float(&samples, &mut bytes).unwrap();
        let end = if packet + 1 == packets {
            PacketWriteEndInfo::EndStream
        } else {
            PacketWriteEndInfo::NormalPacket
        };
        pages.write_packet(bytes[..length].to_vec(), 1, end, u64::from(packet + 1) * 960).unwrap();
    }
    pages.into_inner()
}

#[test]
fn every_kind_of_file_becomes_the_same_prompt() {
    let files = [
        ("8 bits", wav(8_000, 1, 8, SampleFormat::Int)),
        ("CD", wav(44_100, 2, 16, SampleFormat::Int)),
        ("24 bits", wav(48_000, 1, 24, SampleFormat::Int)),
        ("32 bits", wav(96_000, 2, 32, SampleFormat::Int)),
        ("float", wav(22_050, 1, 32, SampleFormat::Float)),
        ("Opus", ogg_opus()),
    ];
    for (name, file) in files {
        let prompt = Prompt::of_file(&file).unwrap_or_else(|error| panic!("{name}: {error}"));
        let ms = prompt.duration.as_millis();
        assert!((1_980..=2_020).contains(&ms), "{name} lasts {ms} ms");
        assert!(
            (prompt.loudness - LOUDNESS).abs() <= 30,
            "{name} is at {} hundredths of LUFS",
            prompt.loudness
        );
        let voice = decode(&prompt.narrow).unwrap();
        assert_eq!(voice.rate, NARROW, "{name}");
        // A tone and its neighbours a quarter period away: whatever the phase, the two make up all of it.
        let (sine, cosine) =
            voice.samples.iter().zip(0..).fold((0.0_f32, 0.0_f32), |(sine, cosine), (sample, index)| {
                let angle = 2.0 * PI * 440.0 * index as f32 / NARROW as f32;
                (sine + sample * angle.sin(), cosine + sample * angle.cos())
            });
        let power: f32 = voice.samples.iter().map(|sample| sample * sample).sum();
        let alike = ((sine.powi(2) + cosine.powi(2)) / (power * voice.samples.len() as f32 / 2.0)).sqrt();
        assert!(alike > 0.98, "{name} correlates by {alike}");
        assert_eq!(prompt.wide.is_some(), name != "8 bits", "{name}");
    }
}

#[test]
fn what_is_no_sound_is_refused_and_says_why() {
    let whole = wav(8_000, 1, 16, SampleFormat::Int);
    let mut compressed = whole.clone();
    compressed[20] = 6;
    for (file, expected) in [
        (b"".to_vec(), "neither WAV"),
        (b"RIFF".to_vec(), "neither WAV"),
        (b"%PDF-1.7 and more".to_vec(), "neither WAV"),
        (whole[..30].to_vec(), "damaged"),
        (compressed, "save it as plain PCM"),
        (b"OggS\0and nothing else that makes sense in it at all".to_vec(), "damaged"),
        (vec![0xff; 4_096], ""),
    ] {
        let error = Prompt::of_file(&file).expect_err("it is no sound").to_string();
        assert!(error.contains(expected), "{error} does not say {expected:?}");
    }
    let cut = Prompt::of_file(&whole[..whole.len() / 2]);
    assert!(cut.is_err() || cut.is_ok_and(|prompt| prompt.duration < Duration::from_secs(2)));
}

#[test]
fn what_lasts_too_long_is_refused_on_the_way() {
    let rate = 4_000;
    let samples = usize::try_from(u64::from(rate) * (LENGTH_MAX.as_secs() + 1)).unwrap();
    let spec =
        WavSpec { channels: 1, sample_rate: rate, bits_per_sample: 8, sample_format: SampleFormat::Int };
    let mut file = Cursor::new(Vec::new());
    let mut writer = WavWriter::new(&mut file, spec).unwrap();
    (0..samples).for_each(|index| writer.write_sample(i8::from(index % 2 == 0)).unwrap());
    writer.finalize().unwrap();
    assert_eq!(Prompt::of_file(&file.into_inner()), Err(Error::Long));
}
