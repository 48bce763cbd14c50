namespace Petrel.Cli.Examples;

/// <summary>An example application that <c>petrel up --example</c> runs. Its manifests are in the folder <c>examples/NAME</c>.</summary>
/// <param name="Images">The names of its images in <c>images/build</c>.</param>
/// <param name="Service">The Service in the namespace default that serves the example's web page.</param>
/// <param name="ServicePort">The Service's port.</param>
/// <param name="HostPort">The preferred port on 127.0.0.1 for the page. Another port is used when it is not free.</param>
/// <param name="NextStep">A command that shows something about the application.</param>
internal sealed record Example(string Name, IReadOnlyList<string> Images, string Service, int ServicePort, int HostPort, string NextStep)
{
    /// <summary>All examples, one row each.</summary>
    public static IReadOnlyList<Example> All { get; } =
    [new("guestbook", ["redis", "guestbook"], "guestbook", 80, 8080, "kubectl set image deployment/guestbook guestbook=guestbook:v2")];
}
