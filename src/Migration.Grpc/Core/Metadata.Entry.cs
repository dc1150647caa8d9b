using System.Buffers;
using System.Text;

namespace Grpc.Core;

public sealed partial class Metadata
{
    /// <summary>One key and its value.</summary>
    public sealed class Entry
    {
        private static readonly SearchValues<char> LegalInKeys = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-_.");

        private readonly string? _text;
        private readonly byte[]? _bytes;

        public Entry(string key, string value)
            : this(key, value, null)
        {
            ArgumentNullException.ThrowIfNull(value);
            if (IsBinary) throw new ArgumentException($"Metadata key '{Key}' ends in \"-bin\": its value is bytes, not text.", nameof(key));
            if (value.AsSpan().ContainsAnyExceptInRange(' ', '~'))
            {
                throw new ArgumentException($"The value of metadata key '{Key}' holds characters outside printable ASCII; use a \"-bin\" key.", nameof(value));
            }
        }

        public Entry(string key, byte[] valueBytes)
            : this(key, null, valueBytes)
        {
            ArgumentNullException.ThrowIfNull(valueBytes);
            if (!IsBinary) throw new ArgumentException($"Metadata key '{Key}' does not end in \"-bin\": its value is text, not bytes.", nameof(key));
        }

        private Entry(string key, string? text, byte[]? bytes)
        {
            ArgumentNullException.ThrowIfNull(key);
            Key = key.ToLowerInvariant();
            if (Key.Length == 0 || Key.AsSpan().ContainsAnyExcept(LegalInKeys))
            {
                throw new ArgumentException($"Metadata key '{key}' is not made of letters, digits, '-', '_' and '.'.", nameof(key));
            }
            _text = text;
            _bytes = bytes;
        }

        public string Key { get; }

        /// <summary>The value as text; bytes read as ASCII.</summary>
        public string Value => _text ?? Encoding.ASCII.GetString(_bytes!);

        /// <summary>The value as bytes.</summary>
        public byte[] ValueBytes => _bytes is null ? Encoding.ASCII.GetBytes(_text!) : (byte[])_bytes.Clone();

        public bool IsBinary => Key.EndsWith(BinaryHeaderSuffix, StringComparison.Ordinal);

        internal ReadOnlySpan<byte> Bytes => _bytes;

        public override string ToString() => IsBinary ? $"[Entry: key={Key}, valueBytes={_bytes!.Length} bytes]" : $"[Entry: key={Key}, value={_text}]";

        /// <summary>An entry as it came from a peer, who may send what our callers may not. Null when not even the key is legal.</summary>
        internal static Entry? FromWire(string key, string value)
        {
            if (key.Length == 0 || key.AsSpan().ContainsAnyExcept(LegalInKeys)) return null;
            if (!key.EndsWith(BinaryHeaderSuffix, StringComparison.Ordinal)) return new Entry(key, value, null);
            return BinaryHeader.TryDecode(value, out var bytes) ? new Entry(key, null, bytes) : null;
        }
    }
}
