using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Petrel.Cli.Hosting;
using Petrel.LocalCluster;
using Petrel.Store;

namespace Petrel.Cli.Tests.Commands;

/// <summary><c>petrel check</c>, and what a server says to a store that is lost or damaged.</summary>
public sealed class CheckTests : IDisposable
{
    private const string Text = "a value to be found in the file";

    private readonly Scratch _scratch = new();
    private readonly ClusterDirectory _directory;

    public CheckTests() => _directory = new ClusterDirectory(_scratch.At("cluster"));

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task An_intact_store_is_said_to_be_intact()
    {
        await WriteAsync();
        var text = await CommandLine.RunAsync("check", _directory.Root);
        Assert.Equal(0, text.ExitCode);
        Assert.Contains("2 keys, 2 changes, revisions 0 to 2; 2 was acknowledged.", text.Output, StringComparison.Ordinal);
        Assert.EndsWith("It is intact.\n", text.Output, StringComparison.Ordinal);
        var document = JsonNode.Parse((await CommandLine.RunAsync("check", _directory.Root, "-o", "json")).Output)!;
        Assert.Equal("""{"intact":true,"format":2,"keys":2}""", Pick(document, "intact", "format", "keys"));
    }

    [Fact]
    public async Task A_damaged_store_is_listed_refused_and_accepted_by_option()
    {
        await WriteAsync();
        var bytes = await File.ReadAllBytesAsync(_directory.StoreFile);
        bytes[bytes.AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes(Text)) + 3] ^= 0x04;
        await File.WriteAllBytesAsync(_directory.StoreFile, bytes);

        var text = await CommandLine.RunAsync("check", _directory.Root);
        Assert.Equal(1, text.ExitCode);
        Assert.Contains("damaged: the change of /b in revision 2 does not match its checksum\n", text.Output, StringComparison.Ordinal);
        var document = JsonNode.Parse((await CommandLine.RunAsync("check", _directory.Root, "-o", "json")).Output)!;
        Assert.Equal("""{"intact":false,"acknowledgedRevision":2}""", Pick(document, "intact", "acknowledgedRevision"));

        var refused = Assert.Throws<UserErrorException>(() => ServerStore.Open(_directory, NullLoggerFactory.Instance));
        Assert.Contains("--accept-data-loss", refused.Message, StringComparison.Ordinal);
        Assert.Contains($"petrel check {_directory.Root}", refused.Message, StringComparison.Ordinal);

        Assert.Contains("1 of its keys are kept", ServerStore.AcceptLoss(_directory), StringComparison.Ordinal);
        await using var store = ServerStore.Open(_directory, NullLoggerFactory.Instance);
        Assert.Equal("/a", Assert.Single((await store.RangeAsync("", 0, null, 0, default)).Entries).Key);
    }

    [Theory]
    [InlineData("file")]
    [InlineData("files")]
    [InlineData("folder")]
    public async Task A_store_that_is_gone_is_not_replaced_by_an_empty_one(string lost)
    {
        await WriteAsync();
        var folder = Path.GetDirectoryName(_directory.StoreFile)!;
        foreach (var file in Directory.GetFiles(folder).Where(f => lost != "file" || f == _directory.StoreFile))
        {
            File.Delete(file);
        }
        if (lost == "folder")
        {
            Directory.Delete(folder);
        }
        for (var i = 0; i < 2; i++)
        {
            var refused = Assert.Throws<UserErrorException>(() => ServerStore.Open(_directory, NullLoggerFactory.Instance));
            Assert.Contains("Restore it from a backup", refused.Message, StringComparison.Ordinal);
        }
        Assert.Equal(1, (await CommandLine.RunAsync("check", _directory.Root)).ExitCode);
        Assert.Contains("0 of its keys are kept", ServerStore.AcceptLoss(_directory), StringComparison.Ordinal);
        await using var store = ServerStore.Open(_directory, NullLoggerFactory.Instance);
        Assert.True(store.CurrentRevision >= 1000);
    }

    [Fact]
    public async Task A_new_cluster_has_nothing_to_accept_and_a_folder_without_one_nothing_to_check()
    {
        Assert.Null(ServerStore.AcceptLoss(_directory));
        Assert.Contains("There is no cluster in", (await CommandLine.RunAsync("check", _directory.Root)).SingleError());
        await WriteAsync();
        Assert.Null(ServerStore.AcceptLoss(_directory));
        _directory.DeleteState();
        await WriteAsync();
    }

    private async Task WriteAsync()
    {
        await using var store = ServerStore.Open(_directory, NullLoggerFactory.Instance);
        foreach (var (key, value) in new[] { ("/a", "1"), ("/b", Text) })
        {
            await store.CommitAsync([StoreOperation.Put(key, System.Text.Encoding.UTF8.GetBytes(value))], default);
        }
    }

    private static string Pick(JsonNode document, params string[] names) =>
        new JsonObject(names.Select(n => KeyValuePair.Create(n, document[n]?.DeepClone()))).ToJsonString();
}
