namespace Petrel.Model.Api;

/// <summary>The Kubernetes release whose API Petrel implements.</summary>
public static class KubernetesRelease
{
    public const string Version = "v1.35.0";
}
