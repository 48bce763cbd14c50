namespace Petrel.LocalCluster;

/// <summary>An error that the user can correct. The command line prints the message alone and exits with code 1.</summary>
public sealed class UserErrorException(string message) : Exception(message);
