using Migration.Cni;

return Plugin.Run(Console.OpenStandardInput(), Console.OpenStandardOutput(), Environment.GetEnvironmentVariable);
