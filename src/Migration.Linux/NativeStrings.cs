using System.Runtime.InteropServices;

namespace Migration.Linux;

/// <summary>A null-terminated array of C strings: argv, envp.</summary>
internal sealed unsafe class NativeStrings : IDisposable
{
    private readonly byte** _array;
    private readonly int _count;

    public NativeStrings(IReadOnlyList<string> strings)
    {
        _count = strings.Count;
        _array = (byte**)NativeMemory.AllocZeroed((nuint)(_count + 1), (nuint)sizeof(byte*));
        for (var index = 0; index < _count; index++)
            _array[index] = (byte*)Marshal.StringToCoTaskMemUTF8(strings[index]);
    }

    public byte** Pointer => _array;

    public void Dispose()
    {
        for (var index = 0; index < _count; index++)
            Marshal.FreeCoTaskMem((nint)_array[index]);
        NativeMemory.Free(_array);
    }
}
