using Petrel.Cli.Kubeconfigs;
using Petrel.LocalCluster;

namespace Petrel.Cli.Tests.Kubeconfigs;

/// <summary>The user's own kubeconfig: ours goes in and out, all else stays.</summary>
public sealed class KubeconfigMergeTests : IDisposable
{
    private const string Users = """
        apiVersion: v1
        kind: Config
        preferences:
          colors: true
        clusters:
        - name: work
          cluster:
            server: https://work.example:6443
            tls-server-name: "work"
        users:
        - name: admin
          user:
            exec:
              apiVersion: client.authentication.k8s.io/v1
              command: get-token
              args: ["--flag", "on"]
        contexts:
        - name: work
          context:
            cluster: work
            user: admin
            namespace: team-a
        current-context: work

        """;

    private readonly Scratch _scratch = new();

    private string File => _scratch.At("kube", "config");

    private string Own => _scratch.At("own");

    public KubeconfigMergeTests()
    {
        Directory.CreateDirectory(_scratch.At("kube"));
        System.IO.File.WriteAllText(
            Own,
            """
            apiVersion: v1
            kind: Config
            clusters:
            - name: petrel
              cluster: {server: "https://127.0.0.1:6443", certificate-authority-data: Y2E=}
            users:
            - name: admin
              user: {client-certificate-data: Y2VydA==, client-key-data: a2V5}
            contexts:
            - name: petrel
              context: {cluster: petrel, user: admin}
            current-context: petrel
            """
        );
    }

    [Fact]
    public async Task Into_no_file_it_becomes_the_whole_and_the_current_context()
    {
        Assert.Equal("petrel", await MergeAsync());
        var document = KubeconfigDocument.Load(File).ToJson();
        Assert.Equal("petrel", document["current-context"]!.GetValue<string>());
        Assert.Equal("https://127.0.0.1:6443", document["clusters"]![0]!["cluster"]!["server"]!.GetValue<string>());
        Assert.Equal("petrel-admin", document["contexts"]![0]!["context"]!["user"]!.GetValue<string>());
        Assert.Equal("a2V5", document["users"]![0]!["user"]!["client-key-data"]!.GetValue<string>());
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File));
        Assert.False(System.IO.File.Exists(File + ".lock"));
        Assert.False(System.IO.File.Exists(File + KubeconfigFile.BackupSuffix));
    }

    [Fact]
    public async Task What_the_user_had_stays_as_it_was()
    {
        await System.IO.File.WriteAllTextAsync(File, Users);
        Assert.Equal("work", await MergeAsync());
        var before = KubeconfigDocument.Parse(Users, "before").ToJson();
        var after = KubeconfigDocument.Load(File).ToJson();
        Assert.Equal("work", after["current-context"]!.GetValue<string>());
        Assert.Equal(before["preferences"]!.ToJsonString(), after["preferences"]!.ToJsonString());
        foreach (var list in new[] { "clusters", "users", "contexts" })
        {
            Assert.Equal(before[list]![0]!.ToJsonString(), after[list]![0]!.ToJsonString());
            Assert.Equal(2, after[list]!.AsArray().Count);
        }
        Assert.Equal(Users, await System.IO.File.ReadAllTextAsync(File + KubeconfigFile.BackupSuffix));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File + KubeconfigFile.BackupSuffix));
    }

    [Fact]
    public async Task Out_again_the_file_says_what_it_said()
    {
        await System.IO.File.WriteAllTextAsync(File, Users);
        await MergeAsync(select: true);
        Assert.Equal("petrel", KubeconfigDocument.Load(File).CurrentContext);
        Assert.True(await KubeconfigMerger.RemoveAsync(File, "/data", TestContext.Current.CancellationToken));
        var after = KubeconfigDocument.Load(File).ToJson();
        var before = KubeconfigDocument.Parse(Users, "before").ToJson();
        // The user's choice of the context was given up with --switch.
        before["current-context"] = "";
        Assert.Equal(before.ToJsonString(), after.ToJsonString());
        Assert.False(await KubeconfigMerger.RemoveAsync(File, "/data", TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_second_merge_changes_nothing_and_another_name_moves_the_entries()
    {
        await System.IO.File.WriteAllTextAsync(File, Users);
        await MergeAsync(select: true);
        var once = await System.IO.File.ReadAllTextAsync(File);
        await MergeAsync();
        Assert.Equal(once, await System.IO.File.ReadAllTextAsync(File));
        Assert.Equal("mine", await MergeAsync(context: "mine"));
        Assert.DoesNotContain("petrel-admin", await System.IO.File.ReadAllTextAsync(File));
    }

    [Fact]
    public async Task Two_clusters_lie_side_by_side_and_go_one_by_one()
    {
        await MergeAsync(data: "/one", context: "petrel");
        await MergeAsync(data: "/two", context: "petrel-two");
        Assert.True(await KubeconfigMerger.RemoveAsync(File, "/one", TestContext.Current.CancellationToken));
        var contexts = KubeconfigDocument.Load(File).Entries("contexts").Select(KubeconfigDocument.NameOf);
        Assert.Equal(["petrel-two"], contexts);
    }

    [Fact]
    public async Task An_entry_of_the_same_name_that_is_not_ours_stops_the_merge()
    {
        var theirs = Users.Replace("name: work", "name: petrel");
        await System.IO.File.WriteAllTextAsync(File, theirs);
        var error = await Assert.ThrowsAsync<UserErrorException>(() => MergeAsync());
        Assert.Contains("--context", error.Message);
        Assert.Equal(theirs, await System.IO.File.ReadAllTextAsync(File));
        Assert.False(System.IO.File.Exists(File + ".lock"));
    }

    [Theory]
    [InlineData("a: [")]
    [InlineData("- a list")]
    [InlineData("a: b\n---\nc: d\n")]
    public async Task What_is_no_kubeconfig_is_left_as_it_is(string text)
    {
        await System.IO.File.WriteAllTextAsync(File, text);
        var error = await Assert.ThrowsAsync<UserErrorException>(() => MergeAsync());
        Assert.Contains("left as it is", error.Message.Replace("it was ", ""));
        Assert.Equal(text, await System.IO.File.ReadAllTextAsync(File));
    }

    [Fact]
    public async Task Empty_lists_as_kubectl_writes_them_are_filled()
    {
        await System.IO.File.WriteAllTextAsync(File, "apiVersion: v1\nkind: Config\nclusters: null\nusers: []\ncontexts: null\n");
        await MergeAsync();
        Assert.Equal("petrel", KubeconfigDocument.Load(File).CurrentContext);
        Assert.Single(KubeconfigDocument.Load(File).Entries("users"));
    }

    [Fact]
    public async Task A_link_keeps_pointing_to_the_file_that_is_changed()
    {
        var target = _scratch.At("dotfiles");
        await System.IO.File.WriteAllTextAsync(target, Users);
        System.IO.File.CreateSymbolicLink(File, target);
        await MergeAsync();
        Assert.Equal(target, new FileInfo(File).LinkTarget);
        Assert.Contains("petrel-admin", await System.IO.File.ReadAllTextAsync(target));
    }

    [Fact]
    public async Task A_lock_of_kubectl_is_waited_for_and_then_named()
    {
        await System.IO.File.WriteAllTextAsync(File, Users);
        await System.IO.File.WriteAllTextAsync(File + ".lock", "");
        var merge = MergeAsync();
        // What kubectl writes while it holds the lock is neither overlooked nor overwritten.
        await System.IO.File.WriteAllTextAsync(File, Users.Replace("name: work", "name: changed", StringComparison.Ordinal));
        Assert.False(merge.IsCompleted);
        System.IO.File.Delete(File + ".lock");
        await merge;
        var merged = await System.IO.File.ReadAllTextAsync(File);
        Assert.Contains("name: changed", merged);
        Assert.Contains("petrel-admin", merged);

        await System.IO.File.WriteAllTextAsync(File + ".lock", "");
        var error = await Assert.ThrowsAsync<UserErrorException>(() => MergeAsync());
        Assert.Contains(File + ".lock", error.Message);
        Assert.True(System.IO.File.Exists(File + ".lock"));
    }

    [Fact]
    public async Task Merges_at_the_same_time_lose_nothing()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(i => MergeAsync(data: $"/data{i}", context: $"petrel-{i}")));
        Assert.Equal(8, KubeconfigDocument.Load(File).Entries("contexts").Count());
    }

    public void Dispose() => _scratch.Dispose();

    private Task<string> MergeAsync(string data = "/data", string context = "petrel", bool select = false) =>
        KubeconfigMerger.MergeAsync(File, Own, data, context, select, TestContext.Current.CancellationToken);
}
