using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace Petrel.Security.Tests;

public sealed class KubeconfigTests : IDisposable
{
    private readonly AuthorityFixture _fixture = new();

    private string FilePath => Path.Combine(_fixture.Root, "kubeconfig");

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void It_holds_the_credentials_and_only_the_owner_may_read_it()
    {
        var authority = _fixture.Open();
        var admin = authority.Issue(CertificateProfile.Admin);
        File.WriteAllText(FilePath, "an older one");
        Kubeconfig.Write(FilePath, "https://127.0.0.1:6443", authority.CertificatePem, admin);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(FilePath));
        Assert.Equal([FilePath], Directory.GetFiles(_fixture.Root));
        var lines = File.ReadAllLines(FilePath);
        Assert.Contains("    server: https://127.0.0.1:6443", lines);
        Assert.Equal(authority.CertificatePem, Decoded("certificate-authority-data"));
        Assert.Equal(admin.CertificatePem, Decoded("client-certificate-data"));
        Assert.Equal(admin.KeyPem, Decoded("client-key-data"));

        string Decoded(string field) =>
            Encoding.UTF8.GetString(
                Convert.FromBase64String(Assert.Single(lines, l => l.Contains($"{field}: ", StringComparison.Ordinal)).Split(": ")[1])
            );
    }

    [Fact]
    public async Task Kubectl_loads_it_and_accepts_the_certificates()
    {
        var kubectl = Environment
            .GetEnvironmentVariable("PATH")!
            .Split(':')
            .Select(d => Path.Combine(d, "kubectl"))
            .FirstOrDefault(File.Exists);
        Assert.SkipWhen(kubectl is null, "There is no kubectl here.");
        var authority = _fixture.Open();
        await using var server = new TlsServer(authority);
        Kubeconfig.Write(FilePath, $"https://127.0.0.1:{server.Port}", authority.CertificatePem, authority.Issue(CertificateProfile.Admin));

        var start = new ProcessStartInfo(kubectl, ["--kubeconfig", FilePath, "--request-timeout=15s", "get", "--raw", "/whoami"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["HOME"] = _fixture.Root;
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, await errors);
        Assert.Equal("O=system:masters, CN=kubernetes-admin", JsonDocument.Parse(await output).RootElement.GetProperty("user").GetString());
    }
}
