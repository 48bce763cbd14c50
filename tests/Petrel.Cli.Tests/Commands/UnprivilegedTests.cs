namespace Petrel.Cli.Tests.Commands;

/// <summary>Commands of a user without privileges, run as user 65534. Skipped without root, which is needed to become that user.</summary>
public sealed class UnprivilegedTests
{
    [Fact]
    public async Task The_default_directory_is_made_when_the_home_is_empty()
    {
        using var user = new Nobody();
        var result = await user.RunAsync("image", "list");
        Assert.True(result.ExitCode == 0, result.Errors);
        Assert.True(Directory.Exists(Path.Combine(user.Home, ".local", "share", "petrel")));
    }

    [Fact]
    public async Task A_home_that_cannot_be_written_is_named_with_what_to_do()
    {
        using var user = new Nobody();
        var line = (await user.RunWithHomeAsync("/nonexistent", "up", "--port", "0")).SingleError();
        Assert.Contains("/nonexistent/.local/share/petrel", line);
        Assert.Contains("--data", line);
    }

    [Theory]
    [InlineData("status")]
    [InlineData("down")]
    [InlineData("up")]
    [InlineData("delete", "--yes")]
    public async Task Another_users_cluster_is_not_touched(params string[] arguments)
    {
        using var user = new Nobody();
        using var scratch = new Scratch();
        File.SetUnixFileMode(scratch.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var line = (await user.RunAsync([.. arguments, "--data", scratch.Path])).SingleError();
        Assert.Contains($"The cluster in {scratch.Path} belongs to another user", line);
    }

    /// <summary>The user, with the program and a home that they may read.</summary>
    private sealed class Nobody : IDisposable
    {
        private readonly Scratch _scratch = new();

        public Nobody()
        {
            Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root, to become another user");
            const UnixFileMode Open =
                UnixFileMode.UserRead
                | UnixFileMode.UserWrite
                | UnixFileMode.UserExecute
                | UnixFileMode.GroupRead
                | UnixFileMode.GroupExecute
                | UnixFileMode.OtherRead
                | UnixFileMode.OtherExecute;
            File.SetUnixFileMode(_scratch.Path, Open);
            var program = Directory.CreateDirectory(_scratch.At("program")).FullName;
            foreach (
                var file in Directory.EnumerateFiles(AppContext.BaseDirectory).Where(f => !f.EndsWith(".pdb", StringComparison.Ordinal))
            )
            {
                File.Copy(file, Path.Combine(program, Path.GetFileName(file)));
            }
            Directory.CreateDirectory(Home);
            File.SetUnixFileMode(Home, Open | UnixFileMode.OtherWrite);
        }

        public string Home => _scratch.At("home");

        public Task<CommandResult> RunAsync(params string[] arguments) => RunWithHomeAsync(Home, arguments);

        public Task<CommandResult> RunWithHomeAsync(string home, params string[] arguments) =>
            Shell.RunAsync(
                "setpriv",
                ["--reuid=65534", "--regid=65534", "--clear-groups", "dotnet", _scratch.At("program", "petrel.dll"), .. arguments],
                new Dictionary<string, string?>
                {
                    ["HOME"] = home,
                    ["PETREL_DATA"] = null,
                    ["XDG_DATA_HOME"] = null,
                }
            );

        public void Dispose() => _scratch.Dispose();
    }
}
