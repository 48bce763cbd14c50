using System.ComponentModel;
using System.Diagnostics;
using Petrel.ApiServer.Composition;

namespace Petrel.ApiServer.Tests.Http;

/// <summary>The real kubectl: <c>$PETREL_KUBECTL</c>, or the one on the path.</summary>
internal sealed class Kubectl(string kubeconfig)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly Lazy<string?> Program = new(Find);

    /// <summary>Why there is no kubectl to test with, or null.</summary>
    public static string? Missing => Program.Value is null ? "there is no kubectl: set PETREL_KUBECTL to one, or put it on the path" : null;

    /// <summary>Runs a command line that must succeed, and returns what it prints.</summary>
    public async Task<string> RunAsync(string arguments, string input = "")
    {
        var (code, output, error) = await TryAsync(arguments, input);
        Assert.True(code == 0, $"kubectl {arguments}\n{output}{error}");
        return output;
    }

    /// <summary>Runs a command line that must fail, and returns what it says.</summary>
    public async Task<string> FailAsync(string arguments, string input = "")
    {
        var (code, output, error) = await TryAsync(arguments, input);
        Assert.True(code != 0, $"kubectl {arguments} should have failed\n{output}{error}");
        return error;
    }

    /// <summary>Starts a command that goes on until it is disposed of. Returns it with the first line that it prints.</summary>
    public async Task<RunningKubectl> FollowAsync(string arguments)
    {
        var process = Start(Program.Value!, arguments, kubeconfig);
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            return new(process, await process.StandardOutput.ReadLineAsync(patience.Token) ?? "");
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            process.Dispose();
            throw new TimeoutException($"kubectl {arguments} said nothing for {Patience.TotalSeconds} s");
        }
    }

    private async Task<(int Code, string Output, string Error)> TryAsync(string arguments, string input)
    {
        using var process = Start(Program.Value!, arguments, kubeconfig);
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
            var output = process.StandardOutput.ReadToEndAsync(patience.Token);
            var error = process.StandardError.ReadToEndAsync(patience.Token);
            await process.WaitForExitAsync(patience.Token);
            return (process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw new TimeoutException($"kubectl {arguments} took longer than {Patience.TotalSeconds} s");
        }
    }

    private static Process Start(string program, string arguments, string kubeconfig)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["KUBECONFIG"] = kubeconfig;
        // What kubectl learned of one server must not serve for another on the same port.
        start.Environment["KUBECACHEDIR"] = kubeconfig + ".cache";
        start.Environment.Remove("HTTPS_PROXY");
        start.Environment.Remove("https_proxy");
        return Process.Start(start)!;
    }

    private static string? Find()
    {
        foreach (var candidate in new[] { Environment.GetEnvironmentVariable("PETREL_KUBECTL"), "kubectl" })
        {
            try
            {
                if (!string.IsNullOrEmpty(candidate))
                {
                    using var process = Start(candidate, "version --client", "/dev/null");
                    process.WaitForExit();
                    return candidate;
                }
            }
            catch (Win32Exception)
            {
                // Not there.
            }
        }
        return null;
    }
}

/// <summary>A kubectl that runs on until it is disposed of.</summary>
internal sealed class RunningKubectl(Process process, string firstLine) : IDisposable
{
    public string FirstLine => firstLine;

    public void Dispose()
    {
        process.Kill(entireProcessTree: true);
        process.WaitForExit();
        process.Dispose();
    }
}

/// <summary>A test that needs the real kubectl, and is skipped with the reason where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class KubectlFactAttribute : FactAttribute
{
    public KubectlFactAttribute(
        [System.Runtime.CompilerServices.CallerFilePath] string? file = null,
        [System.Runtime.CompilerServices.CallerLineNumber] int line = -1
    )
        : base(file, line) => Skip = Kubectl.Missing;
}
