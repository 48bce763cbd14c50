namespace Petrel.Store;

/// <summary>Why a store can't write.</summary>
public enum StoreFault
{
    /// <summary>The store writes.</summary>
    None,

    /// <summary>The disk is full. Only commits that free space are tried (<see cref="StoreOperation.FreesSpace"/>).</summary>
    NoSpace,

    /// <summary>The disk fails or is read-only. Nothing is tried until the file can be opened and written again.</summary>
    Failing,
}

/// <summary>Whether a store can write, and what the disk said if it can't. Reads and watches go on either way.</summary>
public sealed record StoreHealth(StoreFault Fault, string Problem)
{
    public static StoreHealth Good { get; } = new(StoreFault.None, "");
}

/// <summary>The store refused a write because of its disk. Nothing was written, and nothing will be.</summary>
public sealed class StoreWriteException(StoreFault fault, string message, Exception? inner = null) : IOException(message, inner)
{
    public StoreFault Fault { get; } = fault;
}
