using System.Runtime.CompilerServices;

namespace Petrel.EndToEnd.Tests.Clients;

/// <summary>One cluster of one node for all suites of clients, up from the first test that asks for it.</summary>
public sealed class ClientCluster : IAsyncLifetime
{
    private readonly Lazy<Task<TestCluster>> _cluster = new(UpAsync);

    public Task<TestCluster> GetAsync() => _cluster.Value;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_cluster.IsValueCreated && _cluster.Value.IsCompletedSuccessfully)
        {
            await (await _cluster.Value).DisposeAsync();
        }
    }

    private static async Task<TestCluster> UpAsync()
    {
        var cluster = await TestCluster.UpAsync(nodes: 1);
        await cluster.PetrelAsync(["image", "load", .. Images.Archives.Where(a => a.Contains("busybox", StringComparison.Ordinal))]);
        return cluster;
    }
}

[CollectionDefinition(nameof(ClientCluster))]
public sealed class ClientsCollection : ICollectionFixture<ClientCluster>;

/// <summary>A test that needs a client that set-up fetches; skipped with the reason where that is missing.</summary>
public sealed class ClientFactAttribute : FactAttribute
{
    /// <param name="path">The client's file, absolute or below <c>artifacts/tools</c>.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public ClientFactAttribute(string path, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0)
        : base(file, line)
    {
        Timeout = 300_000;
        var full = Path.Combine(Tools, path);
        Skip = new RootFactAttribute().Skip ?? (Path.Exists(full) ? null : $"needs {path}: run 'tools/setup test'");
    }

    public static string Tools { get; } = Path.Combine(Shell.Root, "artifacts", "tools");
}
