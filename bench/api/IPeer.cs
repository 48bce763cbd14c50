namespace Petrel.Bench.Api;

/// <summary>A server under measurement. Both do the same work: the API with objects, etcd with keys that hold the same bytes.</summary>
internal interface IPeer : IAsyncDisposable
{
    string Name { get; }

    /// <summary>The processes that serve.</summary>
    int ProcessId { get; }

    /// <summary>A client with a connection of its own.</summary>
    Task<IPeerClient> ConnectAsync();
}

/// <summary>One client of a peer.</summary>
internal interface IPeerClient : IDisposable
{
    /// <summary>Writes a new object durably.</summary>
    Task CreateAsync(string collection, string name, byte[] body);

    /// <summary>Reads one object; the number of bytes.</summary>
    Task<long> GetAsync(string collection, string name);

    /// <summary>Reads a whole collection; the number of bytes.</summary>
    Task<long> ListAsync(string collection);

    /// <summary>Changes an object's mark, for watchers to see.</summary>
    Task MarkAsync(string collection, string name, string mark);

    /// <summary>
    /// Watches a collection from now on; tells of each mark that arrives. Completes its first task when the watch stands.
    /// </summary>
    Task WatchAsync(string collection, Action<string> seen, TaskCompletionSource standing, CancellationToken cancellationToken);
}
