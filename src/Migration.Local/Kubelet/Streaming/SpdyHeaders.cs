using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Migration.Local.Kubelet.Streaming;

/// <summary>
/// Header blocks as one end of a connection reads them: one zlib stream over all frames, begun with the dictionary. .NET inflates without preset
/// dictionaries, so the dictionary is put in front as a stored block, which leaves the same window, and its text is read off first.
/// </summary>
internal sealed class SpdyHeaders : IDisposable
{
    private const int MaximumHeaders = 64, MaximumText = 64 * 1024;
    private const int ZlibHeaderSize = 2, DictionaryIdSize = 4;
    private const byte HasDictionary = 0x20;

    private readonly Fed _compressed = new();
    private readonly DeflateStream _plain;
    private bool _begun;

    public SpdyHeaders() => _plain = new DeflateStream(_compressed, CompressionMode.Decompress);

    /// <exception cref="InvalidDataException">Not a header block.</exception>
    public IReadOnlyDictionary<string, string> Read(ReadOnlyMemory<byte> block)
    {
        if (!_begun)
            block = Begin(block);
        _compressed.Feed(block);
        var count = ReadNumber();
        if (count > MaximumHeaders)
            throw new InvalidDataException($"SPDY header block with {count} headers");
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        for (var i = 0; i < count; i++)
        {
            var name = ReadText();
            headers[name] = ReadText();
        }

        return headers;
    }

    /// <summary>A block of our own: never compressed, because an empty answer is all that is ever said.</summary>
    public static byte[] WriteEmpty(bool first)
    {
        // A zlib header without dictionary, once; then a stored block of four bytes (no headers), and an empty one, at which inflaters give out what they have.
        const int length = sizeof(uint);
        byte[] block = [0, length, 0, 0xff ^ length, 0xff, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
        return first ? [0x78, 0x01, .. block] : block;
    }

    public void Dispose() => _plain.Dispose();

    private ReadOnlyMemory<byte> Begin(ReadOnlyMemory<byte> block)
    {
        _begun = true;
        if (block.Length < ZlibHeaderSize + DictionaryIdSize)
            throw new InvalidDataException("SPDY header block without a zlib header");
        if ((block.Span[1] & HasDictionary) == 0)
            return block[ZlibHeaderSize..];
        var dictionary = SpdyDictionary.Bytes;
        var stored = new byte[1 + sizeof(ushort) + sizeof(ushort) + dictionary.Length];
        BinaryPrimitives.WriteUInt16LittleEndian(stored.AsSpan(1), (ushort)dictionary.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(stored.AsSpan(3), (ushort)~dictionary.Length);
        dictionary.CopyTo(stored, 5);
        _compressed.Feed(stored);
        Fill(new byte[dictionary.Length]);
        return block[(ZlibHeaderSize + DictionaryIdSize)..];
    }

    private string ReadText()
    {
        var length = ReadNumber();
        if (length > MaximumText)
            throw new InvalidDataException($"SPDY header of {length} bytes");
        return Encoding.UTF8.GetString(Fill(new byte[length]));
    }

    private uint ReadNumber() => BinaryPrimitives.ReadUInt32BigEndian(Fill(new byte[sizeof(uint)]));

    private byte[] Fill(byte[] buffer)
    {
        if (_plain.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false) < buffer.Length)
            throw new InvalidDataException("SPDY header block is cut off");
        return buffer;
    }

    /// <summary>Gives out what it was fed; when that is used up it looks ended, until it is fed again.</summary>
    private sealed class Fed : Stream
    {
        private readonly Queue<ReadOnlyMemory<byte>> _food = new();

        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public void Feed(ReadOnlyMemory<byte> bytes) => _food.Enqueue(bytes);

        public override int Read(byte[] buffer, int offset, int count)
        {
            if (!_food.TryDequeue(out var piece))
                return 0;
            // What does not fit waits: it is ahead of everything else that was fed.
            var taken = Math.Min(count, piece.Length);
            piece.Span[..taken].CopyTo(buffer.AsSpan(offset));
            if (taken < piece.Length)
            {
                var rest = _food.ToArray();
                _food.Clear();
                _food.Enqueue(piece[taken..]);
                foreach (var next in rest)
                    _food.Enqueue(next);
            }

            return taken;
        }

        public override void Flush()
        {
            // Nothing is written.
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
